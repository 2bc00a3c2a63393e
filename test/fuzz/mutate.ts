/** Hostile inputs from good ones, by a seed: the same seed makes the same inputs on every machine. */

/** A small generator of whole numbers below a bound (xorshift). */
export function numbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return below > 0 ? (state >>> 0) % below : 0;
  };
}

const PIECES = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ',',
    ':',
    '"',
    '/*',
    '//',
    '\\',
    '\0',
    '\r',
    '\n',
    '=',
    '<=',
    '..',
    '../',
    '%',
    '�',
    '🚀',
    '\u202e',
  ],
  ...['plan', 'model', 'device', 'extends', 'from', 'import', 'require', 'find max', 'sweep', 'run', 'let', 'true', 'null'],
  ...['-1', '0', '1e308', '1e999', '9007199254740993', '0x10', 'NaN', '16k', '24 GiB', '__proto__', 'constructor', 'toString'],
];

/** One to four changes: cut, repeat, move, replace, insert, or a part of another input. */
export function mutate(texts: readonly string[], next: (below: number) => number): string {
  let text = texts[next(texts.length)] ?? '';
  for (let change = next(4); change >= 0; change--) {
    const at = next(text.length + 1);
    const length = next(1 + Math.min(40, text.length - at));
    const part = text.slice(at, at + length);
    const piece = PIECES[next(PIECES.length)] ?? '';
    const other = texts[next(texts.length)] ?? '';
    const from = next(other.length + 1);
    const inserted = [
      '',
      part + part,
      piece,
      piece + part,
      part.repeat(next(8)),
      other.slice(from, from + next(120)),
      String.fromCharCode(next(0x10000)),
    ][next(7)] as string;
    text = text.slice(0, at) + inserted + text.slice(at + length);
    if (next(40) === 0) text = text.slice(0, next(text.length + 1));
  }
  return text;
}

const VALUES = [
  null,
  true,
  '',
  'x',
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  Number.NaN,
  [],
  {},
  '../../etc/passwd',
  '<script>',
  '\0',
  '__proto__',
];

/** A value like the given one with something in it changed, dropped, added or nested. */
export function mutateValue(value: unknown, next: (below: number) => number): unknown {
  if (next(6) === 0) return VALUES[next(VALUES.length)];
  if (Array.isArray(value)) {
    const copy = value.map((one) => (next(3) === 0 ? mutateValue(one, next) : one));
    if (next(4) === 0) copy.splice(next(copy.length + 1), next(2), VALUES[next(VALUES.length)]);
    return copy;
  }
  if (typeof value === 'object' && value !== null) {
    const copy: { [key: string]: unknown } = {};
    for (const [key, one] of Object.entries(value)) {
      if (next(12) === 0) continue;
      copy[next(20) === 0 ? `${key}x` : key] = next(3) === 0 ? mutateValue(one, next) : one;
    }
    if (next(5) === 0) copy[['type', 'plan', 'uri', '__proto__', 'length'][next(5)] as string] = VALUES[next(VALUES.length)];
    return copy;
  }
  return next(3) === 0 ? VALUES[next(VALUES.length)] : value;
}
