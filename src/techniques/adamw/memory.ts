import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';

/** Type of the moments; `parameter` follows each parameter's own. */
export type StateType = DType | 'parameter';
const typeOf = (states: StateType, parameter: DType): DType => (states === 'parameter' ? parameter : states);

/** First and second moment, of the parameter's shape; a master copy in float32 where asked for. */
export const adamStates =
  (states: StateType, master: boolean) =>
  (weight: Weight, parameter: DType): Part[] => [
    { name: 'exp_avg', shape: weight.shape, dtype: typeOf(states, parameter) },
    { name: 'exp_avg_sq', shape: weight.shape, dtype: typeOf(states, parameter) },
    ...(master ? [{ name: 'master', shape: weight.shape, dtype: 'fp32' as const }] : []),
  ];

/**
 * torch.optim.AdamW's step. `foreach` makes the square roots of all second moments at once; the loop makes the square
 * root and its quotient for one parameter at a time; `fused` makes nothing.
 */
export function adamStep(
  step: PytorchStep,
  parameters: readonly ParameterGroup[],
  states: StateType,
  form: 'foreach' | 'loop' | 'fused',
): void {
  const { trace } = step;
  const bytes = (group: ParameterGroup): number => group.elements * bytesPer(typeOf(states, group.dtype));
  const all = parameters.reduce((sum, group) => sum + group.count * bytes(group), 0);
  if (all === 0) return;
  const temp = (name: string, size: number) => trace.tensor(name, [size], 'int8', 'temporary');
  // Reads parameter, gradient and states, writes parameter and states.
  const moved = parameters.reduce((sum, group) => sum + group.count * (3 * group.bytes + 4 * bytes(group)), 0);
  if (form === 'foreach') {
    // One block for each parameter.
    const roots = parameters.map((group) => Object.assign(temp('sqrt', group.count * bytes(group)), { pieces: group.count }));
    trace.op({ op: 'aten._foreach_sqrt', label: 'adamw', temps: roots, moved });
  } else if (form === 'loop') {
    const largest = Math.max(...parameters.map(bytes));
    trace.op({ op: 'aten.div', label: 'adamw', temps: [temp('sqrt', largest), temp('denominator', largest)], moved });
  } else trace.op({ op: 'aten._fused_adamw_', label: 'adamw', moved });
}
