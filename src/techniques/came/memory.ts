import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { type Temporary, updateOneByOne } from '../update';

/** Row and column means of a matrix, in float32 as the gradient is. */
const factors = (name: string, shape: readonly number[]): Part[] => [
  { name: `${name}.row`, shape: shape.slice(0, -1), dtype: 'fp32' },
  { name: `${name}.column`, shape: [...shape.slice(0, -2), shape.at(-1) ?? 1], dtype: 'fp32' },
];

/** Momentum in full; squares and instability by row and column, a vector's squares in full; the parameter's norm (yangluo7/CAME). */
export const cameStates = ({ shape }: Weight, parameter: DType): Part[] => [
  { name: 'momentum', shape, dtype: 'fp32' },
  ...(shape.length > 1
    ? [...factors('square', shape), ...factors('instability', shape)]
    : [{ name: 'square', shape, dtype: 'fp32' as const }]),
  { name: 'norm', shape: [1], dtype: parameter },
];

/** While the instability is made: the gradient in float32, the update, its distance from the momentum, and the square of that. */
const temporaries = ({ elements, dtype }: ParameterGroup): Temporary[] => {
  const wide = 4 * elements;
  return [
    ...(dtype === 'fp32' ? [] : [['gradient.float', wide] as const]),
    ['update', wide],
    ['distance', wide],
    ['square', wide],
  ];
};

const bytesOf = (group: ParameterGroup): number => temporaries(group).reduce((sum, [, bytes]) => sum + bytes, 0);

export const cameStep = (step: PytorchStep, parameters: readonly ParameterGroup[]): void =>
  updateOneByOne(step, parameters, {
    label: 'came',
    temporaries,
    // Parameter and gradient are read, the parameter written; the momentum and what lives for the update are written and read.
    moved: (group) => 3 * group.bytes + 2 * (4 * group.elements + bytesOf(group)),
  });
