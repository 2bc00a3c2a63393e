/** A roofline over the tape: each op takes the longer of its arithmetic and its memory traffic. */
import type { Plan } from '../plan/types';
import type { Tape, TapeNode } from '../tape/types';
import { useOf } from '../techniques/recipe-of';

/** Shares of the card's peaks that large matrix products and elementwise kernels reach in practice. */
export const EFFICIENCY = { products: 0.6, traffic: 0.75 } as const;

/** Seconds for one step, all micro-batches included. */
export function stepTime(tape: Tape, plan: Plan): number {
  const wide = useOf(plan, 'precision')?.name === 'fp32';
  const flops = (wide ? plan.device.flops32 : plan.device.flops) * EFFICIENCY.products;
  const bandwidth = plan.device.bandwidth * EFFICIENCY.traffic;
  const walk = (body: readonly TapeNode[]): number =>
    body.reduce((sum, node) => {
      if (node.kind === 'phase') return sum;
      if (node.kind === 'repeat') return sum + node.count * walk(node.body);
      return node.op === 'parameter' ? sum : sum + Math.max(node.flops / flops, node.moved / bandwidth);
    }, 0);
  return walk(tape.body);
}
