import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { newtonSchulz, newtonSchulzFlops } from '../muon/memory';
import { adamMoved, adamTemporaries, isMatrix, sides, updateOneByOne } from '../update';

/** Rows of the tallest matrix that is not left to Adam (lliu606/COSMOS). */
const TALLEST = 10_000;
const STEPS = 5;

const rotates = (weight: { role: string; shape: readonly number[] }): boolean =>
  isMatrix(weight) && (weight.shape[0] ?? 1) <= TALLEST;

/** A full momentum; basis, second moment and Gram matrix of the eigenspace, in the parameter's type. */
export const cosmosStates =
  (rank: number) =>
  (weight: Weight, parameter: DType): Part[] => {
    if (!rotates(weight)) return adamStates('parameter', false)(weight, parameter);
    const { m, n, small } = sides(weight.shape);
    const r = Math.min(rank, small);
    return [
      { name: 'momentum', shape: [m, n], dtype: parameter },
      { name: 'square', shape: [m, r], dtype: parameter },
      { name: 'basis', shape: [n, r], dtype: parameter },
      { name: 'gram', shape: [r, r], dtype: parameter },
    ];
  };

/** The gradient in and outside of the eigenspace, and Newton–Schulz on the latter. */
export function cosmosStep(step: PytorchStep, parameters: readonly ParameterGroup[], rank: number): void {
  updateOneByOne(step, parameters, {
    label: 'cosmos',
    temporaries: (group) =>
      rotates(group)
        ? [['nesterov', group.bytes], ['inside', group.bytes], ...newtonSchulz(group.shape)]
        : adamTemporaries(group, group.dtype),
    moved: (group) => (rotates(group) ? 10 * group.bytes : adamMoved(group, group.dtype)),
    flops: (group) =>
      rotates(group) ? newtonSchulzFlops(group.shape, STEPS) + 8 * group.elements * Math.min(rank, sides(group.shape).small) : 0,
  });
}
