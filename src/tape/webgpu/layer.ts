/**
 * One Llama-like layer, forward and backward, over all rows at once or one stretch of positions at a time. The stretched
 * backward keeps the keys and values of the whole layer and runs the last stretch first: only queries at or after a position
 * attend to it, so the gradients of a stretch's keys and values are whole when its turn comes, and its rows of the upstream
 * gradient can be overwritten by the gradient of its input.
 */
import type { Tensor } from '../trace';
import {
  type Context,
  gradientOf,
  inputGradient,
  linear,
  linearBackward,
  needsInput,
  trains,
  update,
  weightGradient,
} from './context';
import { type Inner, type InnerName, type Kept, type KeptLayer, restore } from './kept';
import { endInput, matrixInput } from './matrix-input';
import { emit, make, type Operand, type Rows, reserve, slice } from './ops';
import { forwardStretch, keyWidth, prefixStretch, queryWidth, stretches, stretchesAdding, stretchOf } from './stretches';

export function normed(context: Context, rows: Rows, x: Operand, gain: string): Tensor {
  const columns = context.recipe.model.hidden;
  const result = make(context.trace, 'normed', [rows.count, columns], 'activations');
  const weight = (context.parts.get(gain) as Tensor[])[0] as Tensor;
  emit(context.trace, { op: 'rmsnorm', label: gain, rows, reads: [x, weight], writes: [result], attrs: { columns } });
  return result;
}

/** target (+)= the gradient through a norm of x; adds the gain's gradient. */
function normedBackward(
  context: Context,
  rows: Rows,
  x: Operand,
  gain: string,
  upstream: Tensor,
  target: Operand,
  fresh = false,
): void {
  const { trace } = context;
  const columns = context.recipe.model.hidden;
  const weight = (context.parts.get(gain) as Tensor[])[0] as Tensor;
  const rstd = make(trace, 'rstd', [rows.count], 'temporary');
  const reads = [x, weight, upstream, ...(fresh ? [] : [target])];
  emit(trace, {
    op: 'rmsnorm_backward',
    label: gain,
    rows,
    reads,
    writes: [target, rstd],
    attrs: { columns, accumulate: !fresh },
  });
  if (trains(context, gain)) {
    const { gradient, fresh: first } = gradientOf(context, gain);
    emit(trace, {
      op: 'rmsnorm_gain',
      label: gain,
      rows,
      reads: [x, upstream, rstd, ...(first ? [] : [gradient])],
      writes: [gradient],
      attrs: { columns, accumulate: !first },
    });
  }
  trace.release(rstd);
}

/** `dx` becomes the gradient through the last norm at these rows; where it is `x` itself, of a copy of them. `upstream` ends here. */
export function lastNormBackward(context: Context, rows: Rows, x: Operand, upstream: Tensor, dx: Operand): void {
  const { trace } = context;
  if (dx !== x) normedBackward(context, rows, x, 'norm', upstream, dx, true);
  else {
    const was = activation(context, 'rows', rows.count, context.recipe.model.hidden);
    copyRows(context, rows, x, was, 'norm');
    normedBackward(context, rows, was, 'norm', upstream, x, true);
    trace.release(was);
  }
  trace.release(upstream);
}

export const copyRows = ({ trace, recipe }: Context, rows: Rows, from: Operand, to: Operand, label: string): void =>
  emit(trace, { op: 'copy_rows', label, rows, reads: [from], writes: [to], attrs: { columns: recipe.model.hidden } });

export const activation = (context: Context, name: string, rows: number, columns: number): Tensor =>
  make(context.trace, name, [rows, columns], 'activations');

function rope(context: Context, rows: Rows, operand: Operand, heads: number, inverse: boolean): void {
  const { headDim } = context.recipe.model;
  emit(context.trace, {
    op: 'rope',
    label: 'attn.rope',
    rows,
    reads: [operand, context.positions],
    writes: [operand],
    attrs: { heads, dim: headDim, inverse },
  });
}

const attentionAttrs = (context: Context) => {
  const { heads, kvHeads, headDim } = context.recipe.model;
  return { heads, kvHeads, dim: headDim };
};

/** Scores and their use for the rows of a stretch: half of the square on average. */
const attentionFlops = (context: Context, rows: Rows): number => 2 * rows.count * context.all.sequence * queryWidth(context);

export function keysAndValues(context: Context, rows: Rows, n1: Tensor, k: Tensor, v: Tensor): void {
  linear(context, rows, 'attn.k', n1, slice(rows, k));
  rope(context, rows, slice(rows, k), context.recipe.model.kvHeads, false);
  linear(context, rows, 'attn.v', n1, slice(rows, v));
}

/** Queries of the normed input, and what attention makes of them. `n1` ends here. */
export function attend(context: Context, rows: Rows, n1: Tensor, k: Tensor, v: Tensor): Pick<Inner, 'q' | 'o' | 'lse'> {
  const { trace, recipe } = context;
  const { heads } = recipe.model;
  const q = activation(context, 'q', rows.count, queryWidth(context));
  linear(context, rows, 'attn.q', n1, q);
  trace.release(n1);
  rope(context, rows, q, heads, false);
  const o = activation(context, 'o', rows.count, queryWidth(context));
  const lse = activation(context, 'lse', rows.count, heads);
  emit(trace, {
    op: 'attention',
    label: 'attn',
    rows,
    reads: [q, k, v],
    writes: [o, lse],
    flops: attentionFlops(context, rows),
    attrs: attentionAttrs(context),
  });
  return { q, o, lse };
}

/** Gate and up of what the MLP reads. */
export function gateAndUp(context: Context, rows: Rows, h: Tensor): Pick<Inner, 'gate' | 'up'> {
  const { ffn } = context.recipe.model;
  const n2 = normed(context, rows, h, 'norm2');
  const gate = activation(context, 'gate', rows.count, ffn);
  linear(context, rows, 'mlp.gate', n2, gate);
  const up = activation(context, 'up', rows.count, ffn);
  linear(context, rows, 'mlp.up', n2, up);
  context.trace.release(n2);
  return { gate, up };
}

/** From the normed input to gate and up of the rows of a stretch. `n1` ends here. */
function toGateAndUp(context: Context, rows: Rows, x: Operand, n1: Tensor, k: Tensor, v: Tensor, keep: boolean): Inner {
  const { trace } = context;
  const { q, o, lse } = attend(context, rows, n1, k, v);
  if (!keep) trace.release(q, lse);
  const h = activation(context, 'h', rows.count, context.recipe.model.hidden);
  linear(context, rows, 'attn.o', o, h, { addend: x });
  if (!keep) trace.release(o);
  return { q, k, v, o, lse, h, ...gateAndUp(context, rows, h) };
}

/** silu(gate) · up, into a new tensor or over `gate`. */
export function product(context: Context, rows: Rows, gate: Tensor, up: Tensor, inPlace: boolean): Tensor {
  const columns = context.recipe.model.ffn;
  const out = inPlace ? gate : activation(context, 'product', rows.count, columns);
  emit(context.trace, { op: 'swiglu', label: 'mlp.act', rows, reads: [gate, up], writes: [out], attrs: { columns } });
  return out;
}

/** Output of a layer. With `keep`, also what its backward reads, each held once; the input is not released. */
export function forwardLayer(context: Context, x: Tensor, keep: boolean): { y: Tensor; inner: Inner | null } {
  const { trace } = context;
  const { all } = context;
  const rows = keep ? all : forwardStretch(context);
  const k = activation(context, 'k', all.count, keyWidth(context));
  const v = activation(context, 'v', all.count, keyWidth(context));
  const y = activation(context, 'x', all.count, context.recipe.model.hidden);
  let inner: Inner | null = null;
  if (rows.chunk > 0) reserve(trace, k, v, y);
  stretches(context, rows, () => {
    const n1 = normed(context, rows, slice(rows, x), 'norm1');
    keysAndValues(context, rows, n1, k, v);
    const made = toGateAndUp(context, rows, slice(rows, x), n1, k, v, keep);
    const z = product(context, rows, made.gate, made.up, !keep);
    if (!keep) trace.release(made.up);
    linear(context, rows, 'mlp.down', z, slice(rows, y), { addend: made.h });
    trace.release(z);
    if (keep) inner = made;
    else trace.release(made.h);
  });
  if (!keep) trace.release(k, v);
  return { y, inner };
}

/**
 * Backward of one layer: `dy`, the gradient of its output, becomes the gradient of its input in place. Weight gradients are
 * left in the context, or used up at once where the optimizer runs layer by layer.
 */
export function backwardLayer(context: Context, kept: KeptLayer, dy: Tensor): void {
  const { trace, all } = context;
  if (kept.inner.size > 0) {
    const take = (name: InnerName) => restore(context, kept.inner.get(name) as Kept);
    backwardRows(context, all, () => restore(context, kept.input), take, slice(all, dy), null);
  } else {
    const x = restore(context, kept.input);
    stretchesBack(context, stretchOf(context), x, (rows, inner, sums) =>
      backwardRows(
        context,
        rows,
        () => trace.hold(x),
        (name) => inner[name],
        slice(rows, dy),
        sums,
      ),
    );
    trace.release(x);
  }
  updateLayer(context);
}

/** Uses up the gradients of a layer at once where the optimizer runs layer by layer. */
export function updateLayer(context: Context): void {
  if (context.recipe.layerwise) for (const name of [...context.gradients.keys()].filter(isOfLayer)) update(context, name);
}

/** Sums of the gradients of a whole layer's keys and values; null where all rows go at once. */
export type Sums = { dk: Tensor; dv: Tensor } | null;

/**
 * Keys and values of all of `x`, then each of its stretches, the last first: `body` takes over what the layer makes of it up to gate
 * and up, and adds to the sums.
 */
export function stretchesBack(
  context: Context,
  rows: Rows,
  x: Tensor,
  body: (rows: Rows, inner: Inner, sums: Sums) => void,
): void {
  const { trace, all } = context;
  const k = activation(context, 'k', all.count, keyWidth(context));
  const v = activation(context, 'v', all.count, keyWidth(context));
  const before = prefixStretch(context, rows);
  if (before.chunk > 0) reserve(trace, k, v);
  stretches(context, before, () => {
    const n1 = normed(context, before, slice(before, x), 'norm1');
    keysAndValues(context, before, n1, k, v);
    trace.release(n1);
  });
  let sums: Sums = null;
  if (rows.chunk > 0) {
    sums = {
      dk: activation(context, 'dk', all.count, keyWidth(context)),
      dv: activation(context, 'dv', all.count, keyWidth(context)),
    };
    // One kernel that always adds is sooner compiled than two.
    trace.op({ op: 'zero', label: 'attn.k', writes: [sums.dk] });
    trace.op({ op: 'zero', label: 'attn.v', writes: [sums.dv] });
  }
  stretchesAdding(context, rows, 'last first', () => {
    const n1 = normed(context, rows, slice(rows, x), 'norm1');
    body(rows, toGateAndUp(context, rows, slice(rows, x), n1, trace.hold(k), trace.hold(v), true), sums);
  });
  trace.release(k, v);
  if (sums) trace.release(sums.dk, sums.dv);
}

export const isOfLayer = (name: string): boolean => /^(norm[12]|attn\.|mlp\.)/.test(name);

/** The backward of a stretch's rows, of which `dy` is the gradient; `take` gives up each tensor once, in the order of use. */
export function backwardRows(
  context: Context,
  rows: Rows,
  takeInput: () => Tensor,
  take: (name: InnerName) => Tensor,
  dy: Operand,
  sums: Sums,
): void {
  mlpBackward(context, rows, take, dy);
  attentionBackward(context, rows, takeInput, take, dy, sums);
}

/** dy, or another target, takes in the gradient of h. */
export function mlpBackward(
  context: Context,
  rows: Rows,
  take: (name: InnerName) => Tensor,
  dy: Operand,
  target: Operand = dy,
): void {
  const { trace, recipe } = context;
  const { hidden, ffn } = recipe.model;
  const gate = take('gate');
  const up = take('up');
  let z = needsInput(context, 'mlp.down')
    ? matrixInput(context, rows, product(context, rows, gate, up, false), ffn, 'product')
    : null;
  weightGradient(context, rows, 'mlp.down', z, dy);
  if (z && !context.weights.has('mlp.down.lora_a')) {
    endInput(context, z);
    z = null;
  }
  const dz = activation(context, 'dz', rows.count, ffn);
  inputGradient(context, rows, 'mlp.down', z, dy, { out: dz, accumulate: false });
  endInput(context, z);
  emit(trace, {
    op: 'swiglu_backward',
    label: 'mlp.act',
    rows,
    reads: [dz, gate, up],
    writes: [gate, up],
    attrs: { columns: ffn },
  });
  trace.release(dz);
  const h = take('h');
  const n2 =
    needsInput(context, 'mlp.gate') || needsInput(context, 'mlp.up')
      ? matrixInput(context, rows, normed(context, rows, h, 'norm2'), hidden, 'normed2')
      : null;
  const dn2 = activation(context, 'dn2', rows.count, hidden);
  linearBackward(context, rows, 'mlp.gate', n2, gate, { out: dn2, accumulate: false });
  trace.release(gate);
  linearBackward(context, rows, 'mlp.up', n2, up, { out: dn2, accumulate: true });
  trace.release(up);
  endInput(context, n2);
  normedBackward(context, rows, h, 'norm2', dn2, target);
  trace.release(h, dn2);
}

/** dh, or another target, takes in the gradient of the layer's input. */
export function attentionBackward(
  context: Context,
  rows: Rows,
  takeInput: () => Tensor,
  take: (name: InnerName) => Tensor,
  dh: Operand,
  sums: Sums,
  target: Operand = dh,
): void {
  const { trace, recipe, all } = context;
  const { heads, kvHeads, headDim, hidden } = recipe.model;
  const o = take('o');
  const dout = activation(context, 'do', rows.count, queryWidth(context));
  const attended = needsInput(context, 'attn.o')
    ? matrixInput(context, rows, trace.hold(o), queryWidth(context), 'attended')
    : null;
  linearBackward(context, rows, 'attn.o', attended, dh, { out: dout, accumulate: false });
  endInput(context, attended);
  const delta = make(trace, 'delta', [rows.count, heads], 'temporary');
  emit(trace, { op: 'attention_delta', label: 'attn', rows, reads: [o, dout], writes: [delta], attrs: { heads, dim: headDim } });
  trace.release(o);
  const q = take('q');
  const k = take('k');
  const v = take('v');
  const lse = take('lse');
  const dk = sums?.dk ?? activation(context, 'dk', all.count, keyWidth(context));
  const dv = sums?.dv ?? activation(context, 'dv', all.count, keyWidth(context));
  const shared = { rows, label: 'attn', attrs: { ...attentionAttrs(context), accumulate: sums !== null } };
  const read = [q, k, v, dout, lse, delta];
  emit(trace, {
    ...shared,
    op: 'attention_backward_kv',
    reads: sums ? [...read, dk, dv] : read,
    writes: [dk, dv],
    flops: 2 * attentionFlops(context, rows),
  });
  emit(trace, { ...shared, op: 'attention_backward_q', reads: read, writes: [q], flops: 1.5 * attentionFlops(context, rows) });
  trace.release(k, v, lse, delta, dout);
  rope(context, rows, q, heads, true);
  rope(context, rows, slice(rows, dk), kvHeads, true);
  const x = takeInput();
  const projections = ['attn.q', 'attn.k', 'attn.v'] as const;
  const n1 = projections.some((name) => needsInput(context, name))
    ? matrixInput(context, rows, normed(context, rows, slice(rows, x), 'norm1'), hidden, 'normed1')
    : null;
  const dn1 = activation(context, 'dn1', rows.count, hidden);
  linearBackward(context, rows, 'attn.q', n1, q, { out: dn1, accumulate: false });
  trace.release(q);
  linearBackward(context, rows, 'attn.k', n1, slice(rows, dk), { out: dn1, accumulate: true });
  linearBackward(context, rows, 'attn.v', n1, slice(rows, dv), { out: dn1, accumulate: true });
  endInput(context, n1);
  if (!sums) trace.release(dk, dv);
  normedBackward(context, rows, slice(rows, x), 'norm1', dn1, target);
  trace.release(x, dn1);
}
