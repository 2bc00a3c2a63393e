/** What a terminal can show. Painting always composes Unicode without colour first; both are decided here, once. */

export type Color = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray' | 'bold';

export interface Style {
  /** Columns to paint in. */
  width: number;
  color: boolean;
  unicode: boolean;
}

const CODES: Record<Color, number> = { bold: 1, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, gray: 90 };

/** Text in a colour, or as it is. */
export const paint = (style: Style, color: Color | undefined, text: string): string =>
  style.color && color !== undefined && text !== '' ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what an ANSI sequence starts with
const ANSI = /\u001b\[[0-9;]*m/g;

/** Words from a file or a driver, without the control characters that could steer a terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** Columns that text takes: every character of ours is one column wide, colours and marks over letters (x̂) none. */
export const columns = (text: string): number => [...text.replace(ANSI, '').replace(/\p{M}/gu, '')].length;

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - columns(text))) + text;

/** Text in at most `width` columns, the end replaced by an ellipsis. Plain text only. */
export function clip(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Words in lines of at most `width` columns, the later ones indented. Plain text only. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && columns(longer) > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = longer;
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Painted pieces in lines of at most `width` columns, none of them broken. */
export function flow(pieces: readonly string[], between: string, width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    const longer = last === undefined ? piece : `${last}${between}${piece}`;
    if (last === undefined || columns(longer) > width) lines.push(piece);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

const PLAIN: { [character: string]: string } = {
  '█': '#',
  '▓': '%',
  '▒': '+',
  '▞': '*',
  '▚': '=',
  '░': '-',
  '┊': ':',
  '│': '|',
  '┃': '|',
  '─': '-',
  '╴': '-',
  '·': '.',
  '−': '-',
  '×': 'x',
  '≤': '<=',
  '≥': '>=',
  '→': '->',
  '…': '~',
  '✓': '+',
  '✗': 'x',
  '▸': '>',
  µ: 'u',
  '’': "'",
  ᵀ: 'T',
  '▁': '_',
  '▂': '_',
  '▃': '.',
  '▄': '-',
  '▅': '-',
  '▆': '=',
  '▇': '"',
};

/** The same text for a terminal that has ASCII alone. */
export const ascii = (text: string): string =>
  text.replace(/\p{M}/gu, '').replace(/\P{ASCII}/gu, (character) => PLAIN[character] ?? '?');

/** Lines as they are written out. */
export const render = (style: Style, lines: readonly string[]): string => {
  const text = lines.map((line) => `${line.trimEnd()}\n`).join('');
  return style.unicode ? text : ascii(text);
};

export interface Terminal {
  isTTY: boolean;
  columns?: number | undefined;
  env: { readonly [name: string]: string | undefined };
}

/**
 * Colour on a terminal only and never against NO_COLOR (no-color.org), unless FORCE_COLOR asks for it; ASCII where
 * the locale or the terminal is known to have nothing else.
 */
export function styleOf({ isTTY, columns: width, env }: Terminal): Style {
  const set = (name: string) => env[name] !== undefined && env[name] !== '';
  const forced = set('FORCE_COLOR') && env.FORCE_COLOR !== '0';
  const color = !set('NO_COLOR') && (forced || (isTTY && env.TERM !== 'dumb'));
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  const narrow = /^(?:C|POSIX)$|ISO-?8859|ASCII/i.test(locale) || env.TERM === 'linux' || env.TERM === 'dumb';
  const columnsSet = Number(env.COLUMNS);
  const wide =
    isTTY && width !== undefined && width > 0 ? width : Number.isInteger(columnsSet) && columnsSet > 0 ? columnsSet : 100;
  return { width: Math.min(140, Math.max(60, wide)), color, unicode: !narrow };
}
