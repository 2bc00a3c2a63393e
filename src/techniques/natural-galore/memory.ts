import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { refresh } from '../galore/memory';
import { adamMoved, adamTemporaries, isMatrix, sides, updateOneByOne } from '../update';

/** Tucker factors of both sides, moments of the core, and the last cores (selfsupervised-ai/Natural-GaLore). */
export const naturalGaloreStates =
  (rank: number, history: number) =>
  (weight: Weight, parameter: DType): Part[] => {
    const moments = adamStates('parameter', false);
    if (!isMatrix(weight)) return moments(weight, parameter);
    const { m, n, small } = sides(weight.shape);
    const r = Math.min(rank, small);
    return [
      { name: 'factor.rows', shape: [m, r], dtype: parameter },
      { name: 'factor.columns', shape: [n, r], dtype: parameter },
      ...moments({ ...weight, shape: [r, r] }, parameter),
      { name: 'history', shape: [history, r, r], dtype: parameter },
    ];
  };

/** The history stacked for the solve, the preconditioned core, Adam's denominator and update, and the update in full. */
export function naturalGaloreStep(
  step: PytorchStep,
  parameters: readonly ParameterGroup[],
  { rank, history, every }: { rank: number; history: number; every: number },
): void {
  refresh(step, parameters.filter(isMatrix), 'natural-galore', { every, each: 2 });
  updateOneByOne(step, parameters, {
    label: 'natural-galore',
    temporaries: (group) => {
      if (!isMatrix(group)) return adamTemporaries(group, group.dtype);
      const core = Math.min(rank, sides(group.shape).small) ** 2 * bytesPer(group.dtype);
      return [
        ['history.stacked', history * core],
        ['core', core],
        ['natural', core],
        ['denominator', core],
        ['update', core],
        ['projected_back', group.bytes],
      ];
    },
    moved: (group) => (isMatrix(group) ? 4 * group.bytes : adamMoved(group, group.dtype)),
    flops: (group) => (isMatrix(group) ? 4 * group.elements * Math.min(rank, sides(group.shape).small) : 0),
  });
}
