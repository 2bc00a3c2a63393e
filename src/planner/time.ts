/**
 * A roofline over the tape: each op takes the longer of its arithmetic and its memory traffic, at the shares of the card's peaks that
 * are usual, or that were measured for its class.
 */
import type { Measured, Plan } from '../plan/types';
import { classOf, runsAStep, secondsAtPeaks } from '../tape/op-class';
import type { OpNode, Tape, TapeNode } from '../tape/types';
import { bubbleOf } from '../techniques/pipeline';
import { useOf } from '../techniques/recipe-of';
import { PHASES, type Phase } from './types';

/**
 * Shares of the card's peaks that large matrix products and elementwise kernels reach in practice. Attention does what products
 * do, but on Hopper: FlashAttention-2, which PyTorch has, was written for the instructions before, and reaches 35 % of an H100
 * (Shah et al., arXiv:2407.08608). Decompositions, of the float32 peak: an SVD of a 4160 × 4160 matrix, 1.87 · 10¹² operations,
 * took 4.33 s on a Titan X of 11 TFLOPS (pytorch/pytorch#1373).
 */
const EFFICIENCY = { products: 0.6, hopperAttention: 0.35, traffic: 0.75, links: 0.8, decompositions: 0.04 } as const;

/** What a card's link to its host carries at most, bytes per second: PCIe 5.0 with 16 lanes. Links between cards are faster. */
const HOST_LINK = 63e9;

/** What a drive reads or writes in a second: an NVMe one over four lanes of PCIe 4.0, one for each card. */
const DRIVE = 6e9;

/** One phase: seconds of its operations, and bytes that cross each link beside them. */
interface Load {
  seconds: number;
  cards: number;
  host: number;
  drive: number;
}

/** What each phase of a step does. Loads of parts add up to those of the whole. */
export type Loads = Readonly<Record<Phase, Load>>;

const NOTHING: Load = { seconds: 0, cards: 0, host: 0, drive: 0 };

/** What was measured of a plan's operations; undefined where they are not those that were measured. */
export function measuredOf(plan: Plan): Measured | undefined {
  const { measured } = plan.device;
  return measured?.anyEngine || isRunners(plan) ? measured : undefined;
}

/** The runner's own engine: it computes in fp32, whatever the plan's precision. */
const isRunners = (plan: Plan): boolean => useOf(plan, 'engine')?.name === 'webgpu';

/** Seconds of one op of a plan, and the rates of its links in bytes per second. */
function ratesOf(plan: Plan) {
  const { device } = plan;
  const wide = isRunners(plan) || useOf(plan, 'precision')?.name === 'fp32';
  const peaks = { flops: wide ? device.flops32 : device.flops, bandwidth: device.bandwidth };
  const usual = { flops: peaks.flops * EFFICIENCY.products, bandwidth: peaks.bandwidth * EFFICIENCY.traffic };
  const flash = device.architecture === 'hopper' && !wide ? EFFICIENCY.hopperAttention : EFFICIENCY.products;
  const attention = { ...usual, flops: peaks.flops * flash };
  // Decompositions are made in float32, whatever the plan's precision.
  const single = { flops: device.flops32, bandwidth: device.bandwidth };
  const efficiency = measuredOf(plan)?.efficiency;
  const link = device.interconnect * EFFICIENCY.links;
  return {
    seconds: (node: OpNode): number => {
      const kind = classOf(node);
      const share = efficiency?.[kind];
      if (kind === 'decompositions') return secondsAtPeaks(node, single) / (share ?? EFFICIENCY.decompositions);
      if (share !== undefined) return secondsAtPeaks(node, peaks) / share;
      return secondsAtPeaks(node, kind === 'attention' ? attention : usual);
    },
    cards: link,
    host: Math.min(link, HOST_LINK * EFFICIENCY.links),
    drive: DRIVE,
  };
}

/** Walks a step; `visit` gets every op with its phase and how often it runs. What begins before the first phase stands there already. */
export function loadsOf(tape: Tape, plan: Plan, visit?: (node: OpNode, phase: Phase, times: number) => void): Loads {
  const rates = ratesOf(plan);
  const loads = { forward: { ...NOTHING }, backward: { ...NOTHING }, optimizer: { ...NOTHING } };
  let phase: Phase | undefined;
  const walk = (body: readonly TapeNode[], repeats: number): void => {
    for (const node of body) {
      if (node.kind === 'phase') phase = node.phase;
      else if (node.kind === 'repeat') walk(node.body, repeats * node.count);
      else if (phase !== undefined) {
        visit?.(node, phase, repeats);
        const load = loads[phase];
        load.seconds += repeats * runsAStep(node) * (rates.seconds(node) + (node.seconds ?? 0));
        if (!node.traffic) continue;
        const { to, bytes, hidden } = node.traffic;
        if (hidden) load[to] += repeats * bytes;
        else load.seconds += (repeats * bytes) / rates[to];
      }
    }
  };
  walk(tape.body, 1);
  return loads;
}

/** Loads with a part more of them in one phase: all that `part` does, `times` times. */
export function withPart(loads: Loads, part: Loads, times: number, phase: Phase): Loads {
  const sum = { ...loads[phase] };
  for (const each of PHASES)
    for (const key of ['seconds', 'cards', 'host', 'drive'] as const) sum[key] += times * part[each][key];
  return { ...loads, [phase]: sum };
}

/** Seconds of a step with these loads. Traffic beside a phase's operations makes it longer only where it takes more time than they do. */
export function timeOf(loads: Loads, plan: Plan): number {
  const rates = ratesOf(plan);
  const [forward, backward, optimizer] = PHASES.map((phase) => {
    const { seconds, cards, host, drive } = loads[phase];
    return Math.max(seconds, cards / rates.cards, host / rates.host, drive / rates.drive);
  }) as [number, number, number];
  return (forward + backward) * (1 + bubbleOf(plan)) + optimizer;
}

/** Loads with the pages that come from the host for the optimizer's step and leave after it: it waits for them. */
export function withPages(loads: Loads, bytes: number, plan: Plan): Loads {
  const { optimizer } = loads;
  return { ...loads, optimizer: { ...optimizer, seconds: optimizer.seconds + (2 * bytes) / ratesOf(plan).host } };
}

/** Seconds for one step, all micro-batches included, of which so many bytes are paged out. */
export const stepTime = (tape: Tape, plan: Plan, paged: number): number =>
  timeOf(withPages(loadsOf(tape, plan), paged, plan), plan);
