import { bytesPer } from '../../plan/dtypes';
import type { DType, Use } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { blockwiseStates } from '../adamw8bit/memory';

/** GaLore projects the matrices of attention and MLP; embeddings, head and norms keep the inner optimizer at full size. */
export const projects = (weight: { role: string; shape: readonly number[] }): boolean =>
  weight.role === 'linear' && weight.shape.length === 2;

/** Shapes of projector and projected gradient: the smaller side is compressed to `rank`. */
export function projected(
  shape: readonly number[],
  rank: number,
): { rank: number; projector: number[]; low: number[]; side: 'left' | 'right' } {
  const [m = 1, n = 1] = shape;
  const r = Math.min(rank, m, n);
  return m >= n
    ? { rank: r, projector: [r, n], low: [m, r], side: 'right' }
    : { rank: r, projector: [m, r], low: [r, n], side: 'left' };
}

/** Moments of the inner optimizer for a tensor of the given shape; AdamW's follow the gradient's type unless told. */
export function innerStates(inner: Use, gradient: DType): (weight: Weight) => Part[] {
  if (inner.name === 'adamw8bit')
    return (weight) => blockwiseStates(Number(inner.args.block ?? 256), inner.args.paged === true)(weight, gradient);
  const states = adamStates((inner.args.states as DType | undefined) ?? 'parameter', inner.args.master === true);
  return (weight) => states(weight, gradient);
}

/** r·s for the projector and the inner optimizer's states at r·l. Zhao et al., arXiv:2403.03507; galore_torch. */
export const galoreStates =
  (rank: number, inner: Use) =>
  (weight: Weight, parameter: DType): Part[] => {
    const states = innerStates(inner, parameter);
    if (!projects(weight)) return states(weight);
    const { projector, low } = projected(weight.shape, rank);
    return [{ name: 'projector', shape: projector, dtype: parameter }, ...states({ ...weight, shape: low })];
  };

/**
 * One parameter after another. In a step that refreshes the subspace the largest matrix's decomposition stands out: its
 * float32 copy, U and Vᵀ at reduced rank. Otherwise the projected gradient, its update, and the update projected back.
 */
export function galoreStep(step: PytorchStep, parameters: readonly ParameterGroup[], rank: number): void {
  const { trace } = step;
  const temp = (name: string, bytes: number) => trace.tensor(name, [bytes], 'int8', 'temporary');
  const largest = (of: (group: ParameterGroup) => number, among: readonly ParameterGroup[]) =>
    among.reduce<ParameterGroup | null>((best, group) => (!best || of(group) > of(best) ? group : best), null);
  const matrices = parameters.filter(projects);
  const decomposed = largest((group) => group.elements, matrices);
  if (decomposed) {
    const [m = 1, n = 1] = decomposed.shape;
    const small = Math.min(m, n);
    trace.op({
      op: 'aten.linalg_svd',
      label: `galore.refresh.${decomposed.name}`,
      temps: [temp('gradient.float', 4 * m * n), temp('U', 4 * m * small), temp('S', 4 * small), temp('Vh', 4 * small * n)],
      moved: 0,
    });
  }
  const moved = parameters.reduce((sum, group) => sum + group.count * 4 * group.bytes, 0);
  const flops = matrices.reduce((sum, group) => sum + group.count * 4 * group.elements * projected(group.shape, rank).rank, 0);
  const updated = largest((group) => group.bytes, parameters);
  if (!updated) return;
  const low = projects(updated)
    ? projected(updated.shape, rank).low.reduce((p, s) => p * s, 1) * bytesPer(updated.dtype)
    : updated.bytes;
  trace.op({
    op: 'galore.update',
    label: `galore.${updated.name}`,
    flops,
    moved,
    temps: [
      temp('projected', low),
      temp('denominator', low),
      temp('update', low),
      ...(projects(updated) ? [temp('projected_back', updated.bytes)] : []),
    ],
  });
}
