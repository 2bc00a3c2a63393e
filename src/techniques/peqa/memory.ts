import type { DType, Model } from '../../plan/types';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { Part } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';
import { isQuantizable } from '../quantized';

const WIDTHS: Readonly<Record<number, DType>> = { 2: 'int2', 3: 'int3', 4: 'int4' };

/** Groups of a matrix: of `group` weights of a row, or its rows. */
function groupsOf(weight: Weight, group: number): number {
  const inputs = weight.shape.at(-1) ?? 1;
  return (elements(weight) / inputs) * (group > 0 ? Math.ceil(inputs / group) : 1);
}

/** Codes, and a 16-bit zero for each group; the scales are parameters. */
export const codesAndZeros = (weight: Weight, bits: number, group: number): Part[] => [
  { name: 'codes', shape: weight.shape, dtype: WIDTHS[bits] ?? 'int8' },
  { name: 'zeros', shape: [groupsOf(weight, group)], dtype: 'bf16' },
];

/** A scale for each group of each matrix of a layer. */
export const stepSizes = (model: Model, group: number): Weight[] =>
  weightsOf(model)
    .layer.filter(isQuantizable)
    .map((weight) => ({ name: `${weight.name}.scale`, shape: [groupsOf(weight, group)], role: 'adapter' as const }));

/** The scales beside a matrix, where it has them. */
export const scalesFor = (step: PytorchStep, name: string): Tensor | null =>
  step.has(`${name}.scale`) ? step.parameter(`${name}.scale`) : null;
