/** What is being written at an offset, read off the tokens before it: a broken line says as much as a whole one. */
import type { IToken } from 'chevrotain';
import { isSlot, type Slot } from '../../../src/plan/types';
import { findSpec } from '../../../src/techniques/registry';
import type { Span } from '../span';
import { DECLARATIONS, QUESTIONS } from '../syntax/lexer';
import type { Syntax } from '../syntax/parse';

export type BlockKind = 'model' | 'device' | 'plan' | 'run';

export type Expected =
  | { kind: 'declaration' }
  | { kind: 'after-name'; declaration: string }
  /** A name of a declaration. */
  | { kind: 'name'; of: 'plan' }
  | { kind: 'source'; of: 'model' | 'device' | 'import' }
  | { kind: 'key'; block: BlockKind; stated: string[] }
  | { kind: 'value'; block: BlockKind; key: string; list: boolean }
  | { kind: 'argument'; call: Call; given: string[] }
  | { kind: 'argument-value'; call: Call; argument: string; list: boolean }
  | { kind: 'goal' }
  | { kind: 'path' }
  | { kind: 'word'; word: 'in' | 'to' }
  | { kind: 'expression' }
  | { kind: 'figure'; plan: string }
  | { kind: 'unit'; number: Span }
  | { kind: 'nothing' };

/** A technique whose brackets the cursor is in. */
export interface Call {
  slot: Slot;
  name: string;
  /** Offset of the name. */
  start: number;
}

export interface Cursor {
  expected: Expected;
  /** What is already written of the word, and is replaced. */
  word: Span;
  /** The plan block that the cursor stands in, by its name's offset. */
  plan: string | undefined;
}

const endOf = (token: IToken): number => token.startOffset + token.image.length;
const isWord = (token: IToken): boolean => /^[A-Za-z_]/.test(token.image);

interface Frame {
  opener: string;
  /** The token before the opener: a technique's name where it is a call. */
  name: IToken | undefined;
  /** Tokens since the opener, or since the last comma. */
  part: IToken[];
  given: string[];
}

export function cursorAt(syntax: Syntax, offset: number): Cursor {
  const nothing = (): Cursor => ({ expected: { kind: 'nothing' }, word: { start: offset, end: offset }, plan: undefined });
  // An open comment or a `//` comment reaches to its very end.
  const inComment = syntax.comments.some(
    (one) =>
      one.startOffset < offset &&
      (offset < endOf(one) || (offset === endOf(one) && !(one.image.length > 3 && one.image.endsWith('*/')))),
  );
  if (inComment) return nothing();
  const tokens = syntax.tokens.filter(({ startOffset }) => startOffset < offset);
  const last = tokens.at(-1);
  const touching = last && endOf(last) >= offset ? last : undefined;
  const word: Span =
    touching && isWord(touching)
      ? { start: touching.startOffset, end: Math.max(offset, endOf(touching)) }
      : { start: offset, end: offset };
  const before = touching && isWord(touching) ? tokens.slice(0, -1) : tokens;
  const previous = before.at(-1);
  // Words at the cursor do not know their line: they begin a statement when nothing stands before them on it.
  const onNewLine = !previous || /[\r\n]/.test(between(syntax, previous, word.start));

  const { block, planName, keys, line, frames, declaration } = read(before);
  const expected = (): Expected => {
    if (touching?.tokenType.name === 'STRING' && offset > touching.startOffset)
      return string(before.slice(0, -1), touching, block);
    if (touching?.tokenType.name === 'QUANTITY')
      return { kind: 'unit', number: { start: touching.startOffset, end: endOf(touching) } };
    if (previous?.image === '.') return { kind: 'figure', plan: before.at(-2)?.image ?? '' };
    if (!block) return outside(declaration, onNewLine);
    const frame = frames.at(-1);
    const [head, ...rest] = line;
    if (!head || (onNewLine && frames.length === 0)) return { kind: 'key', block, stated: keys };
    const type = head.tokenType.name;
    if (type in QUESTIONS) return question(type, rest, frames.length > 0, block, keys);
    const slot = isSlot(head.image) ? head.image : undefined;
    if (frame) return bracket(frame, frames, slot, head.image, block);
    if (rest.length === 0) return { kind: 'value', block, key: head.image, list: false };
    if (isOperator(rest.at(-1))) return { kind: 'expression' };
    return { kind: 'key', block, stated: keys };
  };
  return { expected: expected(), word, plan: block === 'plan' ? planName : undefined };
}

const isOperator = (token: IToken | undefined): boolean => token !== undefined && /^([-+*/]|[<>=!]=?)$/.test(token.image);

const between = ({ text }: Syntax, token: IToken, offset: number): string => text.slice(endOf(token), offset);

/** Walks the tokens before the cursor: the block, the statement and the brackets that are open there. */
function read(tokens: readonly IToken[]) {
  let block: BlockKind | undefined;
  let planName: string | undefined;
  let declaration: IToken[] = [];
  let keys: string[] = [];
  let line: IToken[] = [];
  let frames: Frame[] = [];
  for (const [index, token] of tokens.entries()) {
    const kind = token.tokenType.name;
    if ((DECLARATIONS as readonly string[]).includes(kind)) {
      [block, declaration, keys, line, frames] = [undefined, [token], [], [], []];
      continue;
    }
    if (kind === '{') {
      const word = declaration[0]?.tokenType.name;
      block = word === 'model' || word === 'device' || word === 'plan' || word === 'run' ? word : undefined;
      planName = declaration[1]?.image;
      [keys, line, frames] = [[], [], []];
    } else if (kind === '}') {
      [block, declaration, line, frames] = [undefined, [], [], []];
    } else if (!block) {
      declaration.push(token);
    } else if (kind === 'KEY' || kind in QUESTIONS) {
      [line, frames] = [[token], []];
      if (kind === 'KEY') keys.push(token.image);
    } else {
      line.push(token);
      const frame = frames.at(-1);
      if (kind === '(' || kind === '[') {
        const before = tokens[index - 1];
        frame?.part.push(token);
        frames.push({
          opener: kind,
          name: kind === '(' && before?.tokenType.name === 'WORD' ? before : undefined,
          part: [],
          given: [],
        });
      } else if (kind === ')' || kind === ']') {
        frames.pop();
      } else if (frame && kind === ',') frame.part = [];
      else if (frame) {
        if (kind === ':' && frame.part[0]) frame.given.push(frame.part[0].image);
        frame.part.push(token);
      }
    }
  }
  return { block, planName, declaration, keys, line, frames };
}

function outside(declaration: readonly IToken[], onNewLine: boolean): Expected {
  const [word, name, third] = declaration;
  const kind = word?.tokenType.name;
  if (!kind || (onNewLine && name)) return { kind: 'declaration' };
  if (kind === 'run' && !name) return { kind: 'name', of: 'plan' };
  if (kind === 'import') return name ? { kind: 'nothing' } : { kind: 'source', of: 'import' };
  if (kind === 'let') return third ? { kind: 'expression' } : { kind: 'nothing' };
  if (!name) return onNewLine ? { kind: 'declaration' } : { kind: 'nothing' };
  if (third?.image === 'extends') return declaration.length === 3 ? { kind: 'name', of: 'plan' } : { kind: 'nothing' };
  if (third?.image === 'from' && (kind === 'model' || kind === 'device'))
    return declaration.length === 3 ? { kind: 'source', of: kind } : { kind: 'nothing' };
  return third ? { kind: 'nothing' } : { kind: 'after-name', declaration: kind };
}

function string(before: readonly IToken[], _token: IToken, block: BlockKind | undefined): Expected {
  const { declaration } = read(before);
  const [word, , third] = declaration;
  if (!block && word?.image === 'import') return { kind: 'source', of: 'import' };
  if (!block && third?.image === 'from' && (word?.image === 'model' || word?.image === 'device'))
    return { kind: 'source', of: word.image };
  return { kind: 'nothing' };
}

function question(type: string, rest: readonly IToken[], inList: boolean, block: BlockKind, keys: string[]): Expected {
  const ended: Expected = { kind: 'key', block, stated: keys };
  if (type === 'find') return rest.length === 0 ? { kind: 'goal' } : rest.length === 1 ? { kind: 'path' } : ended;
  if (type === 'sweep') {
    if (rest.length === 0) return { kind: 'path' };
    if (rest.some(({ image }) => image === '[')) return inList ? { kind: 'expression' } : ended;
    return rest.some(({ image }) => image === 'in') ? { kind: 'nothing' } : { kind: 'word', word: 'in' };
  }
  if (type === 'compare')
    return rest.length === 0 ? { kind: 'word', word: 'to' } : rest.length === 1 ? { kind: 'name', of: 'plan' } : ended;
  const last = rest.at(-1);
  return rest.length === 0 || isOperator(last) || inList ? { kind: 'expression' } : ended;
}

function bracket(frame: Frame, frames: readonly Frame[], slot: Slot | undefined, key: string, block: BlockKind): Expected {
  const callFrame = frames.findLast(({ name }) => name);
  const argument = callFrame?.part[0]?.image;
  const named = callFrame?.part[1]?.image === ':';
  if (!callFrame?.name) return { kind: 'value', block, key, list: frame.opener === '[' };
  // A technique inside an argument (`inner: adamw8bit(…)`) has the slot that the argument says.
  const outer = frames.slice(0, frames.indexOf(callFrame)).findLast(({ name }) => name);
  const inner =
    outer?.name && slot && findSpec(slot, outer.name.image)?.args.find(({ name }) => name === outer.part[0]?.image)?.type;
  const own = inner && inner.kind === 'technique' ? inner.slot : slot;
  if (!own) return { kind: 'expression' };
  const call: Call = { slot: own, name: callFrame.name.image, start: callFrame.name.startOffset };
  if (!named && callFrame === frame) return { kind: 'argument', call, given: callFrame.given };
  return named ? { kind: 'argument-value', call, argument: argument ?? '', list: frame.opener === '[' } : { kind: 'nothing' };
}
