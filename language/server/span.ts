/** Places in a text. Inside the language they are offsets; lines and columns are made at the border. */
import type { AstNode, CstNode, RootCstNode } from 'langium';
import type { Place } from '../../src/protocol';
import { isBinary } from '../generated/ast';

/** Half-open range of UTF-16 offsets. */
export interface Span {
  start: number;
  end: number;
}

/** Where the stretch of text stands now that a tree was read from: trees outlive the edits before them. */
const stretches = new WeakMap<RootCstNode, { readonly start: number }>();

/** Says where a tree's text stands, now and later. */
export function planted(tree: AstNode, stretch: { readonly start: number }): void {
  if (tree.$cstNode) stretches.set(tree.$cstNode.root, stretch);
}

/** Where a concrete node is written. */
export function placeOf(node: CstNode): Span {
  const start = stretches.get(node.root)?.start ?? 0;
  return { start: start + node.offset, end: start + node.end };
}

/** Where a node is written. Operations inside an expression share its concrete node, so theirs is that of their operands. */
export function spanOf(node: AstNode): Span {
  if (isBinary(node) && node.left && node.right) return { start: spanOf(node.left).start, end: spanOf(node.right).end };
  return node.$cstNode ? placeOf(node.$cstNode) : { start: 0, end: 0 };
}
export const contains = (span: Span, offset: number): boolean => span.start <= offset && offset <= span.end;
/** They share a place, be it one at which both end. */
export const overlaps = (a: Span, b: Span): boolean => a.start <= b.end && b.start <= a.end;

/** Turns offsets of one text into lines and columns, both from 1. */
export class Lines {
  readonly #starts: number[] = [0];
  readonly #length: number;

  constructor(text: string) {
    this.#length = text.length;
    for (const match of text.matchAll(/\r\n|\r|\n/g)) this.#starts.push(match.index + match[0].length);
  }

  position(offset: number): { line: number; column: number } {
    const at = Math.min(Math.max(offset, 0), this.#length);
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (this.#starts[low] ?? 0) + 1 };
  }

  place(span: Span): Place {
    const start = this.position(span.start);
    const end = this.position(span.end);
    return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
  }
}
