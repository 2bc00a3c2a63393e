import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { type Temporary, updateOneByOne } from '../update';

/** Row and column means of the squares in float32, a vector's squares in full (transformers, optimization.py). */
export const adafactorStates =
  (momentum: boolean) =>
  (weight: Weight): Part[] => {
    const { shape } = weight;
    const squares: Part[] =
      shape.length > 1
        ? [
            { name: 'row', shape: shape.slice(0, -1), dtype: 'fp32' },
            { name: 'column', shape: [...shape.slice(0, -2), shape.at(-1) ?? 1], dtype: 'fp32' },
          ]
        : [{ name: 'square', shape, dtype: 'fp32' }];
    return momentum ? [...squares, { name: 'momentum', shape, dtype: 'fp32' }] : squares;
  };

/** Float32 copies of a narrower parameter and its gradient; the squares, and the factors' product while they are alive. */
const adafactorTemporaries = (group: ParameterGroup): Temporary[] => {
  const wide = 4 * group.elements;
  const copies: Temporary[] =
    group.dtype === 'fp32'
      ? []
      : [
          ['gradient.float', wide],
          ['parameter.float', wide],
        ];
  return [...copies, ['square', wide], ['update', wide]];
};

export function adafactorStep(step: PytorchStep, parameters: readonly ParameterGroup[]): void {
  updateOneByOne(step, parameters, {
    label: 'adafactor',
    temporaries: adafactorTemporaries,
    moved: (group) => 3 * group.bytes + 12 * group.elements,
  });
}
