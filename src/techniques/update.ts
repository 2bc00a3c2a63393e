import { bytesPer } from '../plan/dtypes';
import type { DType } from '../plan/types';
import type { PytorchStep } from '../tape/pytorch/context';
import type { ParameterGroup } from '../tape/pytorch/rules';

/** A tensor that lives for one parameter's update, and its bytes. */
export type Temporary = readonly [name: string, bytes: number];

export interface Update {
  label: string;
  temporaries(group: ParameterGroup): readonly Temporary[];
  /** Bytes read and written for one parameter, and floating-point operations in matrix units. */
  moved(group: ParameterGroup): number;
  flops?(group: ParameterGroup): number;
}

/** Updates one parameter after another: the one with the largest temporaries stands for all of them. */
export function updateOneByOne(step: PytorchStep, parameters: readonly ParameterGroup[], update: Update): void {
  const size = (group: ParameterGroup): number => update.temporaries(group).reduce((sum, [, bytes]) => sum + bytes, 0);
  const largest = parameters.reduce<ParameterGroup | null>(
    (best, group) => (!best || size(group) > size(best) ? group : best),
    null,
  );
  if (!largest) return;
  const sum = (of: (group: ParameterGroup) => number): number =>
    parameters.reduce((total, group) => total + group.count * of(group), 0);
  step.trace.op({
    op: 'update',
    label: `${update.label}.${largest.name}`,
    temps: update.temporaries(largest).map(([name, bytes]) => step.trace.tensor(name, [bytes], 'int8', 'temporary')),
    moved: sum(update.moved),
    flops: update.flops ? sum(update.flops) : 0,
  });
}

/** Adam's square root and its quotient, in the type of the moments. */
export const adamTemporaries = (group: ParameterGroup, states: DType): Temporary[] => [
  ['denominator', group.elements * bytesPer(states)],
  ['update', group.elements * bytesPer(states)],
];

/** Adam reads parameter, gradient and both moments, and writes parameter and moments. */
export const adamMoved = (group: ParameterGroup, states: DType): number =>
  3 * group.bytes + 4 * group.elements * bytesPer(states);

/** A matrix of the layers, which matrix optimizers treat by itself; everything else goes to Adam. */
export const isMatrix = (weight: { role: string; shape: readonly number[] }): boolean =>
  weight.role === 'linear' && weight.shape.length === 2;

/** Rows, columns, and the smaller and the larger of them. */
export function sides([m = 1, n = 1]: readonly number[]): { m: number; n: number; small: number; large: number } {
  return { m, n, small: Math.min(m, n), large: Math.max(m, n) };
}
