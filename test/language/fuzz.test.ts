import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { AstNode } from 'langium';
import { describe, expect, it } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Analysis, analyze } from '../../language/server/analyze';
import { EstimateCache } from '../../language/server/estimates';
import { completions } from '../../language/server/features/completion';
import { hoverSteps } from '../../language/server/features/hover';
import { documentSymbols, foldingRanges, selectionRange } from '../../language/server/features/symbols';
import { applyEdits, format } from '../../language/server/format';
import { RunVerdicts } from '../../language/server/run-verdicts';
import { spanOf } from '../../language/server/span';
import { LONGEST_TEXT, parse, type Syntax } from '../../language/server/syntax/parse';
import { finish } from '../../src/planner/answers';
import { fixtures } from './fixture';

const example = readFileSync(new URL('../../media/examples/long-context.memplan', import.meta.url), 'utf8');

/** Random texts a property is tried on; a longer hunt sets it higher. */
const RUNS = Number(process.env.MEMPLAN_FUZZ_RUNS ?? 400);

/** Analysis never throws, and every place that it names lies in the text. */
function sound(text: string): Analysis {
  const analysis = analyze(text);
  const inside = ({ start, end }: { start: number; end: number }) => start >= 0 && start <= end && end <= text.length;
  for (const { span, message, fixes } of analysis.problems) {
    expect(inside(span) && message.length > 0 && !message.includes('undefined'), JSON.stringify({ text, span, message })).toBe(
      true,
    );
    for (const fix of fixes ?? []) expect(inside(fix.span)).toBe(true);
  }
  for (const { span } of analysis.occurrences) expect(inside(span)).toBe(true);
  return analysis;
}

/** Every feature answers at an offset, whatever the text. */
function answers(text: string, offset: number): void {
  const view = {
    analysis: sound(text),
    document: TextDocument.create('untitled:plan.memplan', 'memplan', 1, text),
    dependencies: new Set<string>(),
  };
  const cache = new EstimateCache();
  // Estimates are tested elsewhere; here they would only take time.
  for (const plan of view.analysis.plans) delete plan.plan;
  view.analysis.known.clear();
  completions(view, offset, cache);
  finish(hoverSteps(view, offset, { cache, runs: new RunVerdicts(), now: 0 }));
  documentSymbols(view);
  foldingRanges(view);
  selectionRange(view, offset);
}

/** Formatting changes white space only, never what is read, and does nothing the second time. */
function stable(text: string): void {
  const once = applyEdits(text, format(text, parse(text)));
  expect(once.replace(/[\s\ufeff]/g, '')).toBe(text.replace(/[\s\ufeff]/g, ''));
  expect(applyEdits(once, format(once, parse(once)))).toBe(once);
  const tokens = (source: string) => parse(source).tokens.map(({ tokenType, image }) => `${tokenType.name} ${image}`);
  expect(tokens(once)).toEqual(tokens(text));
}

describe('no text defeats the language', () => {
  it('every prefix of the example, as if it were being typed', () => {
    for (let end = 0; end <= example.length; end++) answers(example.slice(0, end), end);
  });

  it('every prefix of a fixture that ends with a word', { timeout: 60_000 }, () => {
    for (const { text } of fixtures())
      for (const { startOffset, image } of parse(text).tokens) {
        const end = startOffset + image.length;
        answers(text.slice(0, end), end);
        answers(`${text.slice(0, end)}\n}\nplan next {\n}\n`, end);
      }
  });

  it('every deletion of a single token of the example', () => {
    const { tokens } = parse(example);
    expect(tokens.length).toBeGreaterThan(100);
    for (const { startOffset, image } of tokens) {
      const text = example.slice(0, startOffset) + example.slice(startOffset + image.length);
      answers(text, startOffset);
      stable(text);
    }
  });

  it('every line of the example twice, and every two lines swapped', () => {
    const lines = example.split('\n');
    lines.forEach((line, index) => {
      sound(lines.toSpliced(index, 0, line).join('\n'));
      sound(
        lines
          .with(index, lines[index + 1] ?? '')
          .with(Math.min(index + 1, lines.length - 1), line)
          .join('\n'),
      );
    });
  });

  const words = fc.constantFrom(
    ...'plan model device run let import extends from in to require find sweep compare max min true false { } ( ) [ ] , : . = + - * / < <= >= == != // /* */ " \' ; # 0 1 -1 1e18 2.5 16k 24 GiB 5 % 3 s 7x é 🚀 a b full peak time batch sequence optimizer galore rank layers \\ | k h/ GB/ .5 1e'.split(
      ' ',
    ),
    '\n',
    '\r\n',
    '\t',
    '\u0000',
    '\u2028',
    '\u00a0',
    '"x"',
  );

  it('any soup of its words', () => {
    const soup = fc
      .array(fc.tuple(words, fc.constantFrom('', ' ', ' ', '\n')), { maxLength: 60 })
      .map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(soup, fc.nat(400), (text, offset) => {
        answers(text, Math.min(offset, text.length));
        stable(text);
      }),
      { numRuns: RUNS },
    );
  });

  it('any characters at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 200 })), (text) => {
        sound(text);
        stable(text);
      }),
      { numRuns: RUNS },
    );
  });

  it('any edit of a fixture', () => {
    const texts = fixtures()
      .map(({ text }) => text)
      .filter((text) => text.length > 0);
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat(12),
        fc.array(words, { maxLength: 3 }),
        (text, at, length, insert) => {
          const start = at % (text.length + 1);
          const changed = text.slice(0, start) + insert.join(' ') + text.slice(start + length);
          answers(changed, start);
          stable(changed);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['brackets', '('.repeat(50_000)],
    ['closed brackets', `let a = ${'('.repeat(5_000)}1${')'.repeat(5_000)}`],
    ['minus signs', `let a = ${'-'.repeat(20_000)}1`],
    ['operators', `let a = 1${' + 1'.repeat(20_000)}`],
    ['blocks', 'plan a {'.repeat(5_000)],
    ['lists', `let a = ${'['.repeat(20_000)}`],
    ['one word', 'a'.repeat(500_000)],
    ['one number', '1'.repeat(500_000)],
    ['one string', `let a = "${'x'.repeat(500_000)}`],
    ['one comment', `/*${'*'.repeat(500_000)}`],
    ['spaces', ' '.repeat(500_000)],
    ['calls in calls', `plan p { optimizer ${'galore(inner: '.repeat(2_000)} }`],
    ['a chain of lets', Array.from({ length: 3000 }, (_, index) => `let a${index} = a${index + 1}`).join('\n')],
    ['a chain of plans', Array.from({ length: 2000 }, (_, index) => `plan p${index} extends p${index + 1} { }`).join('\n')],
    [
      'lets that double',
      `let a0 = 1\n${Array.from({ length: 60 }, (_, index) => `let a${index + 1} = a${index} + a${index}`).join('\n')}`,
    ],
    ['a text beyond the limit', 'plan a { }\n'.repeat(LONGEST_TEXT / 10)],
  ])('too much of one thing: %s', (_, text) => {
    sound(text);
  });

  it('finds its way in a file of ten thousand plans', () => {
    const head = 'model m from "gpt2"\ndevice d from "RTX 4090"\nplan p0 { model m device d sequence 1k }\n';
    const text =
      head + Array.from({ length: 10_000 }, (_, index) => `plan q${index} extends p0 { batch ${(index % 8) + 1} }`).join('\n');
    const { plans, problems } = sound(text);
    expect(problems).toEqual([]);
    expect(plans.every(({ plan }) => plan)).toBe(true);
  });
});

/** A tree without its links; with where each node stands, if asked. */
function shape(node: unknown, places = false): unknown {
  if (Array.isArray(node)) return node.map((one) => shape(one, places));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node)
    .filter(([key]) => !key.startsWith('$') || key === '$type')
    .map(([key, value]) => [key, shape(value, places)]);
  return Object.fromEntries(places ? [...entries, ['at', spanOf(node as AstNode)]] : entries);
}

it('reads an edited text from what it read before as it reads it anew', () => {
  const all = ({ declarations, errors, tokens, comments }: Syntax) => [
    shape(declarations, true),
    errors,
    ...[tokens, comments].map((list) =>
      list.map(({ image, startOffset, endOffset, startLine, endLine, tokenType }) => [
        image,
        startOffset,
        endOffset,
        startLine,
        endLine,
        tokenType.name,
      ]),
    ),
  ];
  const texts = [example, `${example}\r\n${example}`, ...fixtures().map(({ text }) => text)];
  const pieces = [
    '',
    '}',
    '{',
    '/*',
    '*/',
    '"',
    '\n',
    '\r\n',
    '\nplan x {\n',
    '\nlet y = 1\n',
    'import "',
    'model m from',
    '(',
    '🚀',
  ];
  const edit = fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom(...pieces));
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 }), (first, edits) => {
      let text = first;
      let read = parse(text);
      for (const [at, length, insert] of edits) {
        const start = at % (text.length + 1);
        text = text.slice(0, start) + insert + text.slice(start + length);
        read = parse(text, read);
        expect(all(read)).toEqual(all(parse(text)));
      }
    }),
    { numRuns: RUNS },
  );
});

it('parses the printed text to the same tree', () => {
  for (const { text } of [...fixtures(), { text: example }]) {
    if (parse(text).errors.length > 0) continue;
    const printed = applyEdits(text, format(text, parse(text)));
    expect(shape(parse(printed).declarations)).toEqual(shape(parse(text).declarations));
  }
});
