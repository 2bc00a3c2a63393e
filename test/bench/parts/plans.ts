/** Plans for benchmarks: the runner's small one, at a benchmark's dimensions. */
import type { Plan } from '../../../src/plan/types';
import { planOf as smallPlan } from '../../runner/plans';

export const planOf = (
  name: string,
  slots: Plan['slots'],
  model: Partial<Plan['model']>,
  sizes: { batch: number; sequence: number },
): Plan => ({
  ...smallPlan(slots, { name, hidden: 256, kvHeads: 4, headDim: 64, ffn: 688, ...model }, sizes),
  name,
});
