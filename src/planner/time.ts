/** A roofline over the tape: each op takes the longer of its arithmetic and its memory traffic. */
import type { Plan } from '../plan/types';
import type { Tape, TapeNode } from '../tape/types';
import { piecesOf } from '../techniques/pipeline';
import { useOf } from '../techniques/recipe-of';
import { findSpec } from '../techniques/registry';
import { complete } from '../techniques/spec';
import { PHASES, type Phase } from './types';

/** Shares of the card's peaks that large matrix products and elementwise kernels reach in practice. */
export const EFFICIENCY = { products: 0.6, traffic: 0.75, links: 0.8 } as const;

/** What a card's link to its host carries at most, bytes per second: PCIe 5.0 with 16 lanes. Links between cards are faster. */
const HOST_LINK = 63e9;

/** Seconds of each phase of one step, all micro-batches included. */
export function phaseTimes(tape: Tape, plan: Plan): Record<Phase, number> {
  const wide = useOf(plan, 'precision')?.name === 'fp32';
  const flops = (wide ? plan.device.flops32 : plan.device.flops) * EFFICIENCY.products;
  const bandwidth = plan.device.bandwidth * EFFICIENCY.traffic;
  const link = plan.device.interconnect * EFFICIENCY.links;
  const links = { cards: link, host: Math.min(link, HOST_LINK * EFFICIENCY.links) };
  const times = { forward: 0, backward: 0, optimizer: 0 };
  /** Traffic that runs beside a phase's arithmetic; the two directions to cards and host beside one another. */
  const beside = {
    forward: { cards: 0, host: 0 },
    backward: { cards: 0, host: 0 },
    optimizer: { cards: 0, host: 0 },
  };
  let phase: Phase = 'forward';
  const walk = (body: readonly TapeNode[], repeats: number): void => {
    for (const node of body) {
      if (node.kind === 'phase') phase = node.phase;
      else if (node.kind === 'repeat') walk(node.body, repeats * node.count);
      else if (node.op !== 'parameter') {
        times[phase] += repeats * Math.max(node.flops / flops, node.moved / bandwidth);
        if (!node.traffic) continue;
        const { to, bytes, hidden } = node.traffic;
        if (hidden) beside[phase][to] += (repeats * bytes) / links[to];
        else times[phase] += (repeats * bytes) / links[to];
      }
    }
  };
  walk(tape.body, 1);
  for (const each of PHASES) times[each] = Math.max(times[each], beside[each].cards, beside[each].host);
  return times;
}

/** Share of a step that a pipeline's stages wait for one another: (n − 1)/m of it, and 1/v of that when interleaved. */
function bubble({ lists, accumulate }: Plan): number {
  const use = lists.parallel?.find(({ name }) => name === 'pipeline');
  const spec = use && findSpec('parallel', 'pipeline');
  if (!spec) return 0;
  const { args } = complete(spec, use);
  return (Number(args.n) - 1) / (accumulate * piecesOf(args));
}

/** Seconds for one step. */
export function stepTime(tape: Tape, plan: Plan): number {
  const { forward, backward, optimizer } = phaseTimes(tape, plan);
  return (forward + backward) * (1 + bubble(plan)) + optimizer;
}
