/** A text in parts that are read by themselves, so that an edit costs the declaration that it changes. */
import type { IToken } from 'chevrotain';
import type { Part } from './parse';

/**
 * A declaration that begins a line, whatever stands open above it: where the lexer begins anew too (`opensDeclaration`). Comments and
 * strings are passed over. A declaration that looks otherwise stays with the part before it, which is as right, only slower.
 */
const PASSED =
  /\/\/[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)|"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*\\?"?|'[^'\r\n]*'?|(?<=^|[\r\n])[ \t]*(?:import[ \t]+"|(?:let|model|device|plan|run)[ \t]+[A-Za-z_]\w*(?:-\w+)*(?:\s*(?:\{|=(?!=))|[ \t]+(?:extends|from)(?![\w-])))/g;

const beginsDeclaration = (passed: string): boolean => /^[ \t]*[a-z]/.test(passed);

function bordersOf(text: string): number[] {
  const borders = [0];
  for (const { 0: passed, index } of text.matchAll(PASSED)) if (index > 0 && beginsDeclaration(passed)) borders.push(index);
  borders.push(text.length);
  return borders;
}

/** The parts of a text; those of `old` that it begins and ends with are taken over and moved to where they stand now. */
export function partsOf(text: string, old: readonly Part[], read: (text: string, start: number) => Part): Part[] {
  const borders = bordersOf(text);
  const count = borders.length - 1;
  const textAt = (index: number): string => text.slice(borders[index], borders[index + 1]);
  const shared = Math.min(count, old.length);
  let first = 0;
  while (first < shared && old[first]?.text === textAt(first)) first++;
  let last = 0;
  while (last < shared - first && old.at(-1 - last)?.text === textAt(count - 1 - last)) last++;
  const parts: Part[] = [];
  for (let index = 0; index < count; index++) {
    const start = borders[index] as number;
    const known = index < first ? old[index] : index >= count - last ? old[old.length - count + index] : undefined;
    if (known) known.start = start;
    parts.push(known ?? read(copied(textAt(index)), start));
  }
  return parts;
}

/** A string of its own: a slice would keep the whole text that it was cut from. */
const copied = (slice: string): string => JSON.parse(JSON.stringify(slice)) as string;

/** Tokens of parts as tokens of the text. */
export function moved(parts: readonly Part[], of: (part: Part) => readonly IToken[]): IToken[] {
  const tokens: IToken[] = [];
  let line = 0;
  for (const part of parts) {
    const { text, start } = part;
    for (const token of of(part)) tokens.push(start === 0 ? token : shifted(token, start, line));
    line += lineBreaks(text);
  }
  return tokens;
}

const shifted = (token: IToken, offset: number, line: number): IToken => ({
  ...token,
  startOffset: token.startOffset + offset,
  ...(token.endOffset === undefined ? {} : { endOffset: token.endOffset + offset }),
  ...(token.startLine === undefined ? {} : { startLine: token.startLine + line }),
  ...(token.endLine === undefined ? {} : { endLine: token.endLine + line }),
});

const lineBreaks = (text: string): number => text.match(/\r\n|\r|\n/g)?.length ?? 0;
