/** The final norm, the logits, the loss and their gradients: at once, some positions at a time, or tile by tile. */
import type { Tensor } from '../trace';
import { type Context, clearGradients, gradientOf, inputGradient, trains, weightGradient, withMatrix } from './context';
import { lastNormBackward, normed } from './layer';
import { allRows } from './matrix-input';
import { emit, make, matmul, type Operand, type Rows, slice } from './ops';
import { type PreferenceInputs, preferenceHead } from './preference';
import { positionsOf, type TilesRule } from './rules';
import { stretches, stretchesAdding, stretchOfPositions } from './stretches';

/** Inputs of a step, filled by the host. */
export interface Inputs extends PreferenceInputs {
  tokens: Tensor;
  /** Rows sorted by their token, and where each word's stretch of them begins: [vocab + 1]. */
  order: Tensor;
  starts: Tensor;
}

/** Embeddings of every token: the first layer's input. */
export function embedded(context: Context, inputs: Inputs): Tensor {
  const { trace, all } = context;
  const { hidden } = context.recipe.model;
  const x = make(trace, 'x', [all.count, hidden], 'activations');
  const table = (context.parts.get('embed') as Tensor[])[0] as Tensor;
  emit(trace, {
    op: 'embed',
    label: 'embed',
    rows: all,
    reads: [inputs.tokens, table],
    writes: [x],
    attrs: { columns: hidden },
  });
  return x;
}

export const headName = (context: Context): string => (context.recipe.model.tiedEmbeddings ? 'embed' : 'head');

/** Loss of every row, and the gradient of `x`, the last layer's output, whose reference is taken over: over `x` where rows go in stretches. */
export function head(context: Context, x: Tensor, inputs: Inputs): Tensor {
  const rows = headRows(context);
  if (rows.chunk > 0) {
    context.trace.phase('backward');
    through(context, rows, x, inputs, x);
    return x;
  }
  const dx = make(context.trace, 'dx', x.shape, 'activations');
  through(context, rows, x, inputs, dx);
  context.trace.release(x);
  return dx;
}

/** Loss of every row alone: nothing is differentiated. The reference to `x` is taken over. */
export function lossOnly(context: Context, x: Tensor, inputs: Inputs): void {
  through(context, headRows(context), x, inputs, null);
  context.trace.release(x);
}

/** The rows whose logits are made at once. */
export function headRows(context: Context): Rows {
  const { all, recipe } = context;
  const rule = recipe.webgpu.head;
  return stretchOfPositions(context, rule.kind === 'tiles' ? positionsOf(all.batch, rule.rows) : rule.positions || all.sequence);
}

function through(context: Context, rows: Rows, x: Tensor, inputs: Inputs, dx: Tensor | null): void {
  const { head: rule, objective } = context.recipe.webgpu;
  if (rule.kind === 'chunks' && objective) {
    preferenceHead(context, rows, headName(context), x, inputs, dx, objective);
    return;
  }
  const from = slice(rows, x);
  const into = dx === x ? from : dx && slice(rows, dx);
  const each = () => throughRows(context, rows, from, inputs, into);
  if (dx) stretchesAdding(context, rows, 'in order', each);
  else stretches(context, rows, each);
}

/** Norm, logits and loss of a stretch's rows, which the layers left in `x`; `dx` becomes the gradient of `x`, and may be `x` itself. */
export function throughRows(context: Context, rows: Rows, x: Operand, inputs: Inputs, dx: Operand | null): void {
  const rule = context.recipe.webgpu.head;
  if (rule.kind === 'tiles') tiled(context, rows, x, inputs, dx, rule);
  else chunked(context, rows, x, inputs, dx);
}

function chunked(context: Context, rows: Rows, x: Operand, inputs: Inputs, dx: Operand | null): void {
  const { trace, recipe } = context;
  const { vocab, hidden } = recipe.model;
  const name = headName(context);
  const n = normed(context, rows, x, 'norm');
  const logits = make(trace, 'logits', [rows.count, vocab], 'logits');
  withMatrix(context, name, (b) => matmul(trace, { form: 'nt', rows, a: n, b, out: logits, n: vocab, k: hidden, label: 'head' }));
  if (rows.chunk === 0 && dx) trace.phase('backward');
  emit(trace, {
    op: 'cross_entropy',
    label: 'loss',
    rows,
    reads: [logits, slice(rows, inputs.targets)],
    writes: [logits, slice(rows, inputs.loss)],
    attrs: { columns: vocab },
  });
  if (!dx) {
    trace.release(logits, n);
    return;
  }
  weightGradient(context, rows, name, allRows(rows, n), logits);
  inputGradient(context, rows, name, null, logits, { out: n, accumulate: false });
  trace.release(logits);
  lastNormBackward(context, rows, x, n, dx);
}

/** Cut cross-entropy: logits are made tile by tile, once for the log-sum-exp and once for the gradients, and never kept. */
function tiled(context: Context, rows: Rows, x: Operand, inputs: Inputs, dx: Operand | null, rule: TilesRule): void {
  const { trace, recipe } = context;
  const { vocab, hidden } = recipe.model;
  const name = headName(context);
  const columns = Math.min(rule.columns, vocab);
  const attrs = { columns, tiled: true, vocab };
  const n = normed(context, rows, x, 'norm');
  /** Running maximum, sum of exponentials and target's logit of every row. */
  const stats = make(trace, 'stats', [rows.count, 3], 'logits');
  trace.op({ op: 'lse_start', label: 'loss', writes: [stats] });
  const overTiles = (body: (tile: Tensor) => void) =>
    trace.repeat({ axis: 'chunk', count: Math.ceil(vocab / columns) }, [], () => {
      const tile = make(trace, 'tile', [rows.count, columns], 'logits');
      withMatrix(context, name, (weight) =>
        emit(trace, {
          op: 'matmul',
          label: 'head',
          rows,
          reads: [n, weight],
          writes: [tile],
          flops: 2 * rows.count * columns * hidden,
          attrs: { form: 'nt', n: columns, k: hidden, alpha: 1, accumulate: false, addend: false, tiled: true, vocab },
        }),
      );
      body(tile);
      trace.release(tile);
      return [];
    });
  const targets = slice(rows, inputs.targets);
  overTiles((tile) =>
    emit(trace, { op: 'lse_tile', label: 'loss', rows, reads: [tile, targets, stats], writes: [stats], attrs }),
  );
  emit(trace, { op: 'lse_finish', label: 'loss', rows, reads: [stats, targets], writes: [stats, slice(rows, inputs.loss)] });
  if (!dx) {
    trace.release(stats, n);
    return;
  }
  if (rows.chunk === 0) trace.phase('backward');
  // Each tile adds to words of its own.
  clearGradients(context, [name]);
  const dn = make(trace, 'dn', [rows.count, hidden], 'activations');
  trace.op({ op: 'zero', label: 'head', writes: [dn] });
  overTiles((tile) => {
    emit(trace, { op: 'tile_gradient', label: 'loss', rows, reads: [tile, targets, stats], writes: [tile], attrs });
    const left = rule.least > 0 ? filter(context, rows, tile, columns, rule) : null;
    const blocks = left ? [left] : [];
    const shared = { label: 'head', rows, flops: 2 * rows.count * columns * hidden };
    const filtered = left ? { filtered: true, side: rule.side } : {};
    const product = { alpha: 1, accumulate: true, addend: false, tiled: true, vocab, ...filtered };
    withMatrix(context, name, (weight) =>
      emit(trace, {
        ...shared,
        op: 'matmul',
        reads: [tile, weight, dn, ...blocks],
        writes: [dn],
        attrs: { form: 'nn', n: hidden, k: columns, ...product },
      }),
    );
    if (trains(context, name)) {
      const { gradient } = gradientOf(context, name);
      emit(trace, {
        ...shared,
        op: 'matmul',
        reads: [tile, n, gradient, ...blocks],
        writes: [gradient],
        attrs: { form: 'tn', n: hidden, k: columns, ...product },
      });
    }
    trace.release(left);
  });
  trace.release(stats, n);
  lastNormBackward(context, rows, x, dn, dx);
}

/** Clears the blocks of a tile of gradients that are all below the least; the result tells of each block whether anything is left. */
export function filter(
  { trace }: Pick<Context, 'trace'>,
  rows: Rows,
  tile: Tensor,
  columns: number,
  { least, side }: TilesRule,
): Tensor {
  const left = make(trace, 'left', [Math.ceil(rows.count / side), Math.ceil(columns / side)], 'temporary', 'int32');
  const attrs = { columns, least, tiled: true };
  emit(trace, { op: 'tile_filter', label: 'loss', rows, reads: [tile], writes: [tile, left], attrs });
  return left;
}
