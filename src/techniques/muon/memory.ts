import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { adamMoved, adamTemporaries, isMatrix, sides, type Temporary, updateOneByOne } from '../update';

/** One momentum for each matrix of the layers, Adam's two for the rest, in the parameter's type (KellerJordan/Muon). */
export const muonStates = (weight: Weight, parameter: DType): Part[] =>
  isMatrix(weight)
    ? [{ name: 'momentum', shape: weight.shape, dtype: parameter }]
    : adamStates('parameter', false)(weight, parameter);

/** Newton–Schulz in bfloat16: the iterate and its successor, and two square matrices of the smaller side. */
export const newtonSchulz = (shape: readonly number[]): Temporary[] => {
  const { m, n, small } = sides(shape);
  return [
    ['iterate', 2 * m * n],
    ['successor', 2 * m * n],
    ['gram', 2 * small * small],
    ['polynomial', 2 * small * small],
  ];
};

/** Two products of the matrix with a square one, and one of the squares, in each step. */
export const newtonSchulzFlops = (shape: readonly number[], steps: number): number => {
  const { small, large } = sides(shape);
  return steps * (4 * small * small * large + 2 * small ** 3);
};

export function muonStep(step: PytorchStep, parameters: readonly ParameterGroup[], steps: number): void {
  updateOneByOne(step, parameters, {
    label: 'muon',
    temporaries: (group) => (isMatrix(group) ? newtonSchulz(group.shape) : adamTemporaries(group, group.dtype)),
    moved: (group) => (isMatrix(group) ? 6 * group.bytes : adamMoved(group, group.dtype)),
    flops: (group) => (isMatrix(group) ? newtonSchulzFlops(group.shape, steps) : 0),
  });
}
