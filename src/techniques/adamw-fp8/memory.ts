import { elements, type Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';

/** A group's own numbers, in float32: its scale and, with expansion, its exponent and its centre. */
const OF_A_GROUP = ['scale', 'exponent', 'centre'] as const;

/** One byte an element of each moment, and the numbers of its groups, of tensors of any size (NVlabs/COAT, optimizer/fp8_adamw.py). */
export const floatStates =
  (group: number, expand: boolean) =>
  (weight: Weight): Part[] => {
    const groups = [Math.ceil(elements(weight) / group)];
    return ['exp_avg', 'exp_avg_sq'].flatMap((moment): Part[] => [
      { name: moment, shape: weight.shape, dtype: 'fp8' },
      ...OF_A_GROUP.slice(0, expand ? 3 : 1).map((name): Part => ({ name: `${moment}.${name}`, shape: groups, dtype: 'fp32' })),
    ]);
  };

/** Decoded, updated and encoded in registers: nothing is allocated. */
export function adamwFp8Step({ trace }: PytorchStep, parameters: readonly ParameterGroup[]): void {
  const moved = parameters.reduce((sum, group) => sum + group.count * (3 * group.bytes + 4 * group.elements), 0);
  trace.op({ op: 'fp8_adamw_expand_step', label: 'adamw-fp8', moved });
}
