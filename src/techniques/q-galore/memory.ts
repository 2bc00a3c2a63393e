import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { blockwiseStates } from '../adamw8bit/memory';
import { projected, refresh } from '../galore/memory';
import { isMatrix, updateOneByOne } from '../update';

/** Elements of a weight or a projector that share a scale and a zero (VITA-Group/Q-GaLore). */
export const GROUP = 256;

/** The projector in 4-bit codes, one in a byte unless they are packed; 8-bit blockwise moments of the projected gradient. */
export const qGaloreStates =
  (rank: number, packed: boolean) =>
  (weight: Weight, parameter: DType): Part[] => {
    const moments = blockwiseStates(GROUP, false);
    if (!isMatrix(weight)) return moments(weight, parameter);
    const { projector, low } = projected(weight.shape, rank);
    const groups = Math.ceil(projector.reduce((product, size) => product * size, 1) / GROUP);
    return [
      { name: 'projector', shape: projector, dtype: packed ? 'int4' : 'int8' },
      { name: 'projector.scales', shape: [groups, 2], dtype: 'bf16' },
      ...moments({ ...weight, shape: low }, parameter),
    ];
  };

/** The projector and the weight in full precision, the projected gradient, and the update projected back. */
export function qGaloreStep(step: PytorchStep, parameters: readonly ParameterGroup[], rank: number, every: number): void {
  const each = bytesPer(step.recipe.compute);
  const bytes = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, each);
  refresh(step, parameters.filter(isMatrix), 'q-galore', { every });
  updateOneByOne(step, parameters, {
    label: 'q-galore',
    temporaries: (group) => {
      if (!isMatrix(group)) return [];
      const { projector, low } = projected(group.shape, rank);
      return [
        ['projector', bytes(projector)],
        ['projected', bytes(low)],
        ['update', bytes(low)],
        ['weights.float', bytes(group.shape)],
        ['projected_back', bytes(group.shape)],
      ];
    },
    moved: (group) => 4 * bytes(group.shape),
    flops: (group) => (isMatrix(group) ? 4 * group.elements * projected(group.shape, rank).rank : 0),
  });
}
