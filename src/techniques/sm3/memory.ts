import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { updateOneByOne } from '../update';

/** One accumulator for each index of each axis, in the parameter's type (SM3-II, google-research/sm3). */
export const sm3States =
  (momentum: boolean) =>
  (weight: Weight, parameter: DType): Part[] => {
    const accumulators = weight.shape.map((size, axis): Part => ({ name: `axis${axis}`, shape: [size], dtype: parameter }));
    return momentum ? [...accumulators, { name: 'momentum', shape: weight.shape, dtype: parameter }] : accumulators;
  };

/** The accumulator spread over the matrix, and the scaled gradient. */
export function sm3Step(step: PytorchStep, parameters: readonly ParameterGroup[]): void {
  updateOneByOne(step, parameters, {
    label: 'sm3',
    temporaries: (group) => [
      ['accumulator', group.bytes],
      ['update', group.bytes],
    ],
    moved: (group) => 5 * group.bytes,
  });
}
