/** Stretches of positions that a layer or the head goes through, and how long they are. */
import type { Context } from './context';
import type { Rows } from './ops';

export const keyWidth = ({ recipe: { model } }: Context): number => model.kvHeads * model.headDim;
export const queryWidth = ({ recipe: { model } }: Context): number => model.heads * model.headDim;

/** Stretches of `positions` at most. */
export function stretchOfPositions({ all }: Context, positions: number): Rows {
  const chunk = Math.min(positions, all.sequence);
  return chunk === all.sequence ? all : { ...all, chunk, count: chunk * all.batch };
}

/** The stretches of a layer's backward. */
export const stretchOf = (context: Context): Rows =>
  stretchOfPositions(context, context.recipe.webgpu.backward.chunk || context.all.sequence);

/** Elements that the backward of a layer by such stretches holds beside its input, keys, values and the gradient of its output. */
function heldBackward(context: Context, rows: Rows): number {
  const { hidden, heads, ffn } = context.recipe.model;
  const inner = 2 * queryWidth(context) + heads + hidden + 3 * ffn;
  return 2 * context.all.count * keyWidth(context) + rows.count * inner;
}

/** Stretches of equal length, as few as hold no more than the backward by `rows` does, at so many elements a row. */
function asFewAs(context: Context, rows: Rows, perRow: number): Rows {
  const { all, recipe } = context;
  // What is not differentiated has no backward to hide behind.
  if (rows.chunk === 0 || recipe.webgpu.forwardOnly) return rows;
  const { rank, dropout } = recipe.adapters ?? { rank: 0, dropout: 0 };
  const each = perRow + rank + (dropout > 0 ? recipe.model.hidden : 0);
  const most = Math.max(rows.chunk, Math.floor(heldBackward(context, rows) / (each * all.batch)));
  return stretchOfPositions(context, Math.ceil(all.sequence / Math.ceil(all.sequence / most)));
}

/** The stretches of a forward that keeps nothing: it holds less a row than the backward does. */
export function forwardStretch(context: Context): Rows {
  const { hidden, heads, ffn } = context.recipe.model;
  const width = queryWidth(context);
  return asFewAs(context, stretchOf(context), Math.max(2 * hidden + 2 * ffn, 2 * width + heads, hidden + width));
}

/** The stretches that keys and values are made in before a backward that goes by `rows`. */
export const prefixStretch = (context: Context, rows: Rows): Rows => asFewAs(context, rows, context.recipe.model.hidden);

const repeat = (context: Context, from: number, count: number, reverse: boolean, body: () => void) =>
  context.trace.repeat({ axis: 'chunk', from, count, reverse }, [], () => {
    body();
    return [];
  });

const countOf = ({ sequence, chunk }: Rows): number => Math.ceil(sequence / chunk);

/** Runs `body` for every stretch of positions. */
export function stretches(context: Context, rows: Rows, body: () => void): void {
  if (rows.chunk === 0) body();
  else repeat(context, 0, countOf(rows), false, body);
}

/** Runs `body` for every stretch of positions, the first by itself: it makes the gradients that the others add to. */
export function stretchesAdding(context: Context, rows: Rows, order: 'in order' | 'last first', body: () => void): void {
  if (rows.chunk === 0) {
    body();
    return;
  }
  const others = countOf(rows) - 1;
  const reverse = order === 'last first';
  repeat(context, reverse ? others : 0, 1, reverse, body);
  repeat(context, reverse ? 0 : 1, others, reverse, body);
}
