import { bytesPer } from '../../plan/dtypes';
import type { DType, Use } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { blockwiseStates } from '../adamw8bit/memory';
import { sides } from '../update';

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
function innerStates(inner: Use, gradient: DType): (weight: Weight) => Part[] {
  if (inner.name === 'adamw8bit')
    return (weight) =>
      blockwiseStates(
        Number(inner.args.block ?? 256),
        inner.args.paged === true,
        inner.args['wide-embeddings'] === true,
      )(weight, gradient);
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

/** Temporaries of one parameter's update, by name and bytes; galore_torch/adamw.py and adamw8bit.py. */
function updateTemporaries(group: ParameterGroup, rank: number, inner: string): [string, number][] {
  const each = bytesPer(group.dtype);
  if (!projects(group)) {
    // The 8-bit kernel works in registers; AdamW makes the square root and the quotient.
    return inner === 'adamw8bit'
      ? []
      : [
          ['denominator', group.bytes],
          ['update', group.bytes],
        ];
  }
  const low = projected(group.shape, rank).low.reduce((product, size) => product * size, each);
  if (inner !== 'adamw8bit')
    return [
      ['projected', low],
      ['denominator', low],
      ['update', low],
      ['projected_back', group.bytes],
    ];
  // The 8-bit kernel writes into the parameter, so the weights are set aside while a low-rank zero takes their place.
  return [
    ['projected', low],
    ['weights.copy', group.bytes],
    ['update', low],
    ['projected_back', group.bytes],
  ];
}

/** Arithmetic of a reduced SVD with the vectors of both sides, the longer one brought down by QR first (Golub and Van Loan, R-SVD). */
const svdFlops = (shape: readonly number[]): number => {
  const { small, large } = sides(shape);
  return 6 * large * small ** 2 + 20 * small ** 3;
};

/** Which steps refresh the subspace, and how many decompositions a matrix takes then. */
export interface Refresh {
  every: number;
  each?: number;
}

/**
 * The decompositions of a step that refreshes the subspace, one after the other: the largest stands for all with its float32 copy, U
 * and Vᵀ at reduced rank.
 */
export function refresh(
  { trace }: PytorchStep,
  matrices: readonly ParameterGroup[],
  label: string,
  { every, each = 1 }: Refresh,
): void {
  const decomposed = largest(matrices, (group) => group.elements);
  if (!decomposed) return;
  const [m = 1, n = 1] = decomposed.shape;
  const small = Math.min(m, n);
  const temporary = (name: string, elements: number) => trace.tensor(name, [elements], 'fp32', 'temporary');
  trace.op({
    op: 'aten.linalg_svd',
    label: `${label}.refresh.${decomposed.name}`,
    temps: [temporary('gradient.float', m * n), temporary('U', m * small), temporary('S', small), temporary('Vh', small * n)],
    moved: 0,
    flops: each * matrices.reduce((sum, { count, shape }) => sum + count * svdFlops(shape), 0),
    attrs: { every },
  });
}

/**
 * One parameter after another, after the decompositions of a step that refreshes the subspace: the one with the largest
 * temporaries stands for all of them.
 */
export function galoreStep(
  step: PytorchStep,
  parameters: readonly ParameterGroup[],
  { rank, inner, every }: { rank: number; inner: string; every: number },
): void {
  const { trace } = step;
  const emit = (
    op: string,
    label: string,
    temporaries: readonly [string, number][],
    cost: { moved: number; flops?: number },
  ): void => {
    trace.op({ op, label, temps: temporaries.map(([name, bytes]) => trace.tensor(name, [bytes], 'int8', 'temporary')), ...cost });
  };
  const matrices = parameters.filter(projects);
  refresh(step, matrices, 'galore', { every });
  const size = (group: ParameterGroup): number =>
    updateTemporaries(group, rank, inner).reduce((sum, [, bytes]) => sum + bytes, 0);
  const updated = largest(parameters, size);
  if (!updated) return;
  emit('galore.update', `galore.${updated.name}`, updateTemporaries(updated, rank, inner), {
    moved: parameters.reduce((sum, group) => sum + group.count * 4 * group.bytes, 0),
    flops: matrices.reduce((sum, group) => sum + group.count * 4 * group.elements * projected(group.shape, rank).rank, 0),
  });
}

const largest = (groups: readonly ParameterGroup[], of: (group: ParameterGroup) => number): ParameterGroup | null =>
  groups.reduce<ParameterGroup | null>((best, group) => (!best || of(group) > of(best) ? group : best), null);
