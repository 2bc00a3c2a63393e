/** What a layer's forward leaves for its backward, as it is or packed by the plan's technique. */
import type { Tensor } from '../trace';
import type { Context } from './context';

/** What one layer's backward reads. Rows are those of a stretch, except for `k` and `v`, which are whole. */
export interface Inner {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  o: Tensor;
  /** log Σ exp of each query's scores, [rows, heads]. */
  lse: Tensor;
  h: Tensor;
  gate: Tensor;
  up: Tensor;
}
export type InnerName = keyof Inner;
const INNER: readonly InnerName[] = ['q', 'k', 'v', 'o', 'lse', 'h', 'gate', 'up'];

/** A tensor kept from forward to backward, as it is or packed; or one that is made again where it is read. */
export type Kept = { tensors: Tensor[]; shape: readonly number[]; packed: boolean } | { again: () => Tensor };

/** What a layer keeps: its input, and with `keep: 'all'` what its backward reads. */
export interface KeptLayer {
  input: Kept;
  inner: Map<InnerName, Kept>;
}

/** Keeps a tensor unpacked; its reference is taken over. */
export const asItIs = (tensor: Tensor): Kept => ({ tensors: [tensor], shape: tensor.shape, packed: false });

/** Takes over the reference to `tensor` and keeps it, packed where the plan says so. Log-sum-exps stay as they are. */
function keepTensor(context: Context, tensor: Tensor, site: number, exact = false): Kept {
  const rule = context.recipe.webgpu.kept;
  if (!rule || exact) return asItIs(tensor);
  const tensors = rule.pack(context.trace, tensor, site);
  context.trace.release(tensor);
  return { tensors, shape: tensor.shape, packed: true };
}

/** The kept tensor as it was (or as near as its packing allows); ends what was kept. The caller owns the result. */
export function restore(context: Context, kept: Kept): Tensor {
  if ('again' in kept) return kept.again();
  if (!kept.packed) return kept.tensors[0] as Tensor;
  const tensor = context.recipe.webgpu.kept?.unpack(context.trace, kept.tensors, kept.shape) as Tensor;
  context.trace.release(...kept.tensors);
  return tensor;
}

/** Keeps a layer's input, whose reference is taken over. */
export const keepInput = (context: Context, x: Tensor): Kept => keepTensor(context, x, 0);

/** Keeps what a layer's backward reads, taking over every reference. */
export function keepLayer(context: Context, x: Tensor, inner: Inner | null): KeptLayer {
  const staysExact = (name: string): boolean => context.recipe.webgpu.kept?.exact?.includes(name) ?? false;
  const entries = inner
    ? INNER.map((name, index) => [name, keepTensor(context, inner[name], index + 1, name === 'lse' || staysExact(name))] as const)
    : [];
  return { input: keepInput(context, x), inner: new Map(entries) };
}

/** The layer's input as kept; the caller owns it. */
export const restoreInput = (context: Context, kept: KeptLayer): Tensor => restore(context, kept.input);
