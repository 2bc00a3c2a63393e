import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { galoreStates, projected, refresh } from '../galore/memory';
import { adamMoved, adamTemporaries, isMatrix, updateOneByOne } from '../update';

/** GaLore's states with AdamW inside, and the norm that limits the residual's growth (xichen-fy/Fira). */
export const firaStates =
  (rank: number) =>
  (weight: Weight, parameter: DType): Part[] => [
    ...galoreStates(rank, { name: 'adamw', args: {} })(weight, parameter),
    ...(isMatrix(weight) ? [{ name: 'norm', shape: [1], dtype: 'fp32' as const }] : []),
  ];

/** As GaLore's update, and the residual with its scaled copy. */
export function firaStep(step: PytorchStep, parameters: readonly ParameterGroup[], rank: number, every: number): void {
  refresh(step, parameters.filter(isMatrix), 'fira', { every });
  updateOneByOne(step, parameters, {
    label: 'fira',
    temporaries: (group) => {
      if (!isMatrix(group)) return adamTemporaries(group, group.dtype);
      const low = projected(group.shape, rank).low.reduce((product, size) => product * size, bytesPer(group.dtype));
      return [
        ['projected', low],
        ['denominator', low],
        ['update', low],
        ['projected_back', group.bytes],
        ['residual', group.bytes],
        ['residual.scaled', group.bytes],
      ];
    },
    moved: (group) => (isMatrix(group) ? 8 * group.bytes : adamMoved(group, group.dtype)),
    flops: (group) => (isMatrix(group) ? 6 * group.elements * projected(group.shape, rank).rank : 0),
  });
}
