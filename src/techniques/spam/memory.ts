import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import { elements, type Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { adamMoved, adamTemporaries, isMatrix, updateOneByOne } from '../update';

/** Moments of the masked weights, and the mask (TianjinYellow/SPAM-Optimizer). */
export const spamStates =
  (density: number, packed: boolean) =>
  (weight: Weight, parameter: DType): Part[] => {
    const moments = adamStates('parameter', false);
    if (!isMatrix(weight) || density === 1) return moments(weight, parameter);
    const count = elements(weight);
    const mask: Part = packed
      ? { name: 'mask', shape: [Math.ceil(count / 8)], dtype: 'int8' }
      : { name: 'mask', shape: weight.shape, dtype: 'bool' };
    return [...moments({ ...weight, shape: [Math.round(density * count)] }, parameter), mask];
  };

/** The masked gradient, its clipped copy and Adam's denominator; when the mask is drawn again, a random float32 matrix. */
export function spamStep(step: PytorchStep, parameters: readonly ParameterGroup[], density: number): void {
  const masked = density < 1 ? parameters.filter(isMatrix) : [];
  updateOneByOne(step, masked, {
    label: 'spam.mask',
    temporaries: (group) => [['random', 4 * group.elements]],
    moved: () => 0,
  });
  updateOneByOne(step, parameters, {
    label: 'spam',
    temporaries: (group) => {
      if (!isMatrix(group)) return adamTemporaries(group, group.dtype);
      const share = Math.round(density * group.elements) * bytesPer(group.dtype);
      return [
        ['gathered', share],
        ['clipped', share],
        ['denominator', share],
        ['update', share],
      ];
    },
    moved: (group) => adamMoved(group, group.dtype),
  });
}
