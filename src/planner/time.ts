/** A roofline over the tape: each op takes the longer of its arithmetic and its memory traffic. */
import type { Plan } from '../plan/types';
import type { Tape, TapeNode } from '../tape/types';
import { useOf } from '../techniques/recipe-of';
import type { Phase } from './types';

/** Shares of the card's peaks that large matrix products and elementwise kernels reach in practice. */
export const EFFICIENCY = { products: 0.6, traffic: 0.75 } as const;

/** Seconds of each phase of one step, all micro-batches included. */
export function phaseTimes(tape: Tape, plan: Plan): Record<Phase, number> {
  const wide = useOf(plan, 'precision')?.name === 'fp32';
  const flops = (wide ? plan.device.flops32 : plan.device.flops) * EFFICIENCY.products;
  const bandwidth = plan.device.bandwidth * EFFICIENCY.traffic;
  const times = { forward: 0, backward: 0, optimizer: 0 };
  let phase: Phase = 'forward';
  const walk = (body: readonly TapeNode[], repeats: number): void => {
    for (const node of body) {
      if (node.kind === 'phase') phase = node.phase;
      else if (node.kind === 'repeat') walk(node.body, repeats * node.count);
      else if (node.op !== 'parameter') times[phase] += repeats * Math.max(node.flops / flops, node.moved / bandwidth);
    }
  };
  walk(tape.body, 1);
  return times;
}

/** Seconds for one step. */
export function stepTime(tape: Tape, plan: Plan): number {
  const { forward, backward, optimizer } = phaseTimes(tape, plan);
  return forward + backward + optimizer;
}
