import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { updateOneByOne } from '../update';

/** One momentum of the parameter's shape and type (google/automl, lion_pytorch.py). */
export const lionStates = (weight: Weight, parameter: DType): Part[] => [
  { name: 'momentum', shape: weight.shape, dtype: parameter },
];

/** `momentum · β₁ + gradient · (1 - β₁)` is written out of place: both products and their sum live together. */
export function lionStep(step: PytorchStep, parameters: readonly ParameterGroup[]): void {
  updateOneByOne(step, parameters, {
    label: 'lion',
    temporaries: (group) => ['momentum.scaled', 'gradient.scaled', 'update'].map((name) => [name, group.bytes]),
    moved: (group) => 5 * group.bytes,
  });
}
