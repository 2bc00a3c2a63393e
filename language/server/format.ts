/**
 * Formatting: only white space between tokens changes, lines are neither joined nor split, so comments and broken lines keep
 * their place and formatting twice changes nothing more.
 */
import type { IToken } from 'chevrotain';
import type { Span } from './span';
import { DECLARATIONS, QUESTIONS } from './syntax/lexer';
import type { Syntax } from './syntax/parse';

export interface FormatOptions {
  /** One level of indentation. */
  indent?: string;
}

export interface Edit {
  span: Span;
  text: string;
}

/** Values of a plan begin in one column, whatever plan of the file they stand in. */
const PLAN_COLUMN = 12;

/** Characters that no token takes. */
const STRAY = 'stray';

interface Item {
  token: IToken;
  start: number;
  end: number;
  kind: string;
  comment: boolean;
}

export function format(text: string, syntax: Syntax, { indent = '  ' }: FormatOptions = {}): Edit[] {
  const items = itemsOf(text, syntax);
  const newline = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const pads = alignments(items, text);
  const edits: Edit[] = [];
  /** Change of column that the edits of this line have made so far, and where the line begins. */
  let line = { begin: 0, shift: 0 };
  let depth = 0;
  for (let index = 0; index <= items.length; index++) {
    const [before, next] = [items[index - 1], items[index]];
    const span: Span = { start: before?.end ?? 0, end: next?.start ?? text.length };
    const gap = text.slice(span.start, span.end);
    depth += before && '([{'.includes(before.kind) ? 1 : before && ')]}'.includes(before.kind) ? -1 : 0;
    depth = Math.max(0, depth);
    const breaks = gap.match(/\r\n|\r|\n/g)?.length ?? 0;
    const wanted = (): string => {
      // A comment that is never closed has taken the end of the file in.
      if (!next) return before && !/[\r\n]$/.test(before.token.image) ? newline : '';
      if (!before) return '';
      // Around what means nothing, white space may be what keeps it from becoming a part of its neighbours.
      if (breaks === 0 && (next.kind === STRAY || before.kind === STRAY)) return gap;
      if (breaks === 0)
        return next.comment
          ? beforeComment(text, before, next, line)
          : (pads.get(next.start) ?? between(before, next, items[index - 2]));
      const blank = breaks > 1 && before.kind !== '{' && next.kind !== '}';
      return newline.repeat(blank ? 2 : 1) + indent.repeat(levelOf(before, next, depth));
    };
    const made = wanted();
    if (made !== gap) edits.push({ span, text: made });
    if (breaks > 0 && next) line = { begin: next.start - (made.length - made.lastIndexOf(newline) - newline.length), shift: 0 };
    else line.shift += made.length - gap.length;
  }
  return edits;
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits
    .toReversed()
    .reduce((result, { span, text: made }) => result.slice(0, span.start) + made + result.slice(span.end), text);
}

function itemsOf(text: string, syntax: Syntax): Item[] {
  const item = (token: IToken, comment: boolean): Item => ({
    token,
    start: token.startOffset,
    end: token.startOffset + token.image.length,
    kind: token.tokenType.name,
    comment,
  });
  const known = [...syntax.tokens.map((token) => item(token, false)), ...syntax.comments.map((token) => item(token, true))];
  const sorted = known.toSorted((a, b) => a.start - b.start);
  // Characters that mean nothing stay as they are, like a comment.
  const strays: Item[] = [];
  for (const [index, start] of [0, ...sorted.map(({ end }) => end)].entries()) {
    const end = sorted[index]?.start ?? text.length;
    for (const match of text.slice(start, end).matchAll(/[^ \t\r\n\f\v\u00a0\ufeff]+/g)) {
      const at = start + match.index;
      strays.push({ token: { image: match[0] } as IToken, start: at, end: at + match[0].length, kind: STRAY, comment: true });
    }
  }
  return strays.length === 0 ? sorted : [...sorted, ...strays].toSorted((a, b) => a.start - b.start);
}

/** A comment after code keeps its column as long as the code leaves it room. */
function beforeComment(text: string, before: Item, comment: Item, line: { begin: number; shift: number }): string {
  const beginOfLine = Math.max(text.lastIndexOf('\n', comment.start - 1), text.lastIndexOf('\r', comment.start - 1)) + 1;
  if (before.comment && text.slice(before.start, comment.start).includes('\n')) return ' ';
  const column = comment.start - beginOfLine;
  const codeEnd = before.end - line.begin + line.shift;
  return ' '.repeat(Math.max(1, column - codeEnd));
}

function levelOf(before: Item, next: Item, depth: number): number {
  if (')]}'.includes(next.kind)) return Math.max(0, depth - 1);
  // A line that goes on with the expression of the line above stands one level deeper.
  const goesOn = depth > 0 && !next.comment && !before.comment && isOperator(before.kind) && next.kind !== 'KEY';
  return depth + (goesOn ? 1 : 0);
}

const isOperator = (kind: string): boolean => /^([-+*/=]|[<>=!]=?)$/.test(kind);
const isQuestion = (kind: string): boolean => kind in QUESTIONS;
const begins = (kind: string): boolean => kind === 'KEY' || isQuestion(kind);
const ENDS_OPERAND = new Set(['QUANTITY', 'WORD', 'STRING', 'true', 'false', ')', ']']);

/** Space between two tokens of one line. */
function between(before: Item, next: Item, earlier: Item | undefined): string {
  if (before.comment) return ' ';
  const [left, right] = [before.kind, next.kind];
  if (left === '{' && right === '}') return '';
  // Side by side they would read as one number.
  if (left === '.' && right === 'QUANTITY') return ' ';
  if (left === '.' || right === '.' || right === ',' || right === ')' || right === ']' || right === ':') return '';
  if (left === '(' || left === '[') return '';
  if (right === '(' && left === 'WORD') return '';
  if (left === '-' && !(earlier && ENDS_OPERAND.has(earlier.kind))) return '';
  if (begins(right) && left !== '{') return '  ';
  return ' ';
}

/** Space before the words that stand in a column with those of the lines around them, by offset of the word. */
function alignments(items: readonly Item[], text: string): Map<number, string> {
  const pads = new Map<number, string>();
  const code = items.filter(({ comment }) => !comment);
  const lineStarts = new Set(
    code.filter((item, index) => index === 0 || /[\r\n]/.test(text.slice(code[index - 1]?.end ?? 0, item.start))),
  );
  const pad = (from: Item, to: Item | undefined, column: number): void => {
    const room = column - (from.end - from.start);
    if (to && !lineStarts.has(to) && room > 0) pads.set(to.start, ' '.repeat(room));
  };
  alignBlocks(code, lineStarts, pad);
  alignDeclarations(code, lineStarts, pad);
  return pads;
}

type Pad = (from: Item, to: Item | undefined, column: number) => void;

/** Keys and values, in blocks that have one statement a line. */
function alignBlocks(code: readonly Item[], lineStarts: ReadonlySet<Item>, pad: Pad): void {
  let word = '';
  let keys: number[] | undefined;
  for (const [index, item] of code.entries()) {
    if ((DECLARATIONS as readonly string[]).includes(item.kind)) word = item.kind;
    if (item.kind === '{') keys = [];
    else if (begins(item.kind)) keys?.push(index);
    else if (item.kind === '}' && keys) {
      const alone = keys.every((key) => lineStarts.has(code[key] as Item));
      const longest = Math.max(0, ...keys.map((key) => code[key]?.token.image.length ?? 0));
      const column = Math.max(word === 'plan' ? PLAN_COLUMN : 0, longest + 1);
      for (const key of alone && lineStarts.has(item) ? keys : []) pad(code[key] as Item, code[key + 1], column);
      keys = undefined;
    }
  }
}

/** `model` and `device` lines that follow one another, and `let` lines. */
function alignDeclarations(code: readonly Item[], lineStarts: ReadonlySet<Item>, pad: Pad): void {
  type Line = { word: Item; name: Item; third: Item; line: number; last: number };
  let group: Line[] = [];
  const flush = (): void => {
    const width = (pick: (line: Line) => Item) => Math.max(0, ...group.map((line) => pick(line).token.image.length));
    const [words, names] = [width(({ word }) => word), width(({ name }) => name)];
    for (const { word, name, third } of group.length > 1 ? group : []) {
      pad(word, name, words + 1);
      if (third.kind === 'from' || third.kind === '=') pad(name, third, names + 1);
    }
    group = [];
  };
  const family = (kind: string | undefined) =>
    kind === 'let' ? 'let' : kind === 'model' || kind === 'device' ? 'part' : undefined;
  for (const [index, word] of code.entries()) {
    if (!lineStarts.has(word) || !(DECLARATIONS as readonly string[]).includes(word.kind)) continue;
    const [name, third] = [code[index + 1], code[index + 2]];
    const line = word.token.startLine ?? 0;
    const last = group.at(-1);
    if (last && (last.last !== line - 1 || family(last.word.kind) !== family(word.kind))) flush();
    const one = family(word.kind) && name?.kind === 'WORD' && third && (third.kind === 'from' || third.kind === '=');
    if (!one) {
      flush();
      continue;
    }
    const until = code.findIndex(
      (item, at) => at > index && lineStarts.has(item) && (DECLARATIONS as readonly string[]).includes(item.kind),
    );
    const end = code[until < 0 ? code.length - 1 : until - 1];
    group.push({ word, name, third, line, last: end?.token.endLine ?? line });
  }
  flush();
}
