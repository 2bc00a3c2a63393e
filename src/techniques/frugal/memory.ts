import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { adamMoved, adamTemporaries, isMatrix, sides, updateOneByOne } from '../update';

export type Subspace = 'blocks' | 'columns';

/**
 * Moments of a share of each matrix, with the numbers of its columns where the share is made of columns; of whole matrices,
 * the share is what they come to over the layers. The rest of the model keeps full moments (fzmushko/FRUGAL).
 */
export const frugalStates =
  (density: number, subspace: Subspace) =>
  (weight: Weight, parameter: DType): Part[] => {
    const moments = adamStates('parameter', false);
    if (!isMatrix(weight)) return moments(weight, parameter);
    const { m, n } = sides(weight.shape);
    const columns = Math.round(density * n);
    if (columns === 0) return [];
    return [
      ...moments({ ...weight, shape: [m, columns] }, parameter),
      ...(subspace === 'columns' ? [{ name: 'columns', shape: [columns], dtype: 'int64' as const }] : []),
    ];
  };

/** A gathered share of the gradient with Adam's denominator and update, and the sign of the rest. */
export function frugalStep(step: PytorchStep, parameters: readonly ParameterGroup[], density: number, subspace: Subspace): void {
  updateOneByOne(step, parameters, {
    label: 'frugal',
    temporaries: (group) => {
      if (!isMatrix(group)) return adamTemporaries(group, group.dtype);
      const { m, n } = sides(group.shape);
      const share = m * Math.round(density * n) * bytesPer(group.dtype);
      if (subspace === 'columns')
        return [
          ['gathered', share],
          ['denominator', share],
          ['update', share],
          ['sign', group.bytes],
        ];
      // A whole matrix has moments or has none.
      return density > 0 ? adamTemporaries(group, group.dtype) : [['sign', group.bytes]];
    },
    moved: (group) => adamMoved(group, group.dtype),
  });
}
