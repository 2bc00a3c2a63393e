/** What a plan costs: peak, moment, categories, waterfall and time, all read off its tape. */

import type { Plan, Slot, Use, Value } from '../plan/types';
import { parameterCount } from '../plan/weights';
import { recipeOf } from '../techniques/recipe-of';
import { spreadOf } from '../techniques/spread';
import { type CardMemory, cardMemory } from './device-memory';
import { hostOf, trafficOf } from './host';
import { once } from './once';
import { trainedParameters } from './parameters';
import { heaviest, type OnCard, ranksOf } from './ranks';
import { readers } from './readers';
import { measuredOf } from './time';
import { timelineOf } from './timeline';
import type { Estimate, Rank, WaterfallStep } from './types';

export interface EstimateOptions {
  timeline?: boolean;
}

/** What is simulated when it is read: a search reads only what it compares. */
interface Later {
  card: CardMemory;
  ranks(): Rank[];
}
const peakReaders = readers<Later>()({
  reserved: ({ card }) => card.reserved(),
  device: ({ card }) => card.device(),
  range: ({ card }) => card.range(),
});
const fitReaders = readers<Later>()({ fits: ({ card }) => card.fits(), fit: ({ card }) => card.fit() });
const rankReaders = readers<Later>()({ ranks: ({ ranks }) => ranks() });

/** Estimates one plan. Pure and synchronous: milliseconds for the largest models. */
export function estimate(plan: Plan, options: EstimateOptions = {}): Estimate {
  const peaking = heaviest(plan);
  const { tape, simulation } = peaking;
  const spread = spreadOf(plan);
  const later: Later = { card: cardMemory(plan, peaking.whole, simulation.peak), ranks: once(() => ranksOf(plan)) };
  const step = peaking.time;
  const measured = measuredOf(plan);
  const host = hostOf(tape, peaking.paged);
  const head = {
    name: plan.name,
    model: plan.model.name,
    device: plan.device.name,
    capacity: plan.device.memory,
    usable: plan.device.memory - plan.device.reserve,
    peak: peakReaders({ allocated: simulation.peak }, later),
  };
  const made: Estimate = Object.assign(fitReaders(head, later), {
    peakAt: simulation.at,
    instants: simulation.instants.map(({ phase, allocated }) => ({ phase, allocated })),
    categories: simulation.categories,
    waterfall: waterfallOf(plan, peaking),
    time: {
      step,
      tokensPerSecond: (spread.replicas * plan.batch * plan.sequence * plan.accumulate) / step,
      ...(measured ? { calibrated: { adapter: measured.adapter, software: measured.software } } : {}),
    },
    parameters: { total: parameterCount(plan.model), trainable: trainedParameters(recipeOf(plan)) },
    ...(spread.total > 1 ? { cards: { count: spread.total, peaks: peaking.name, sent: trafficOf(tape).cards } } : {}),
    ...(host ? { host } : {}),
    ...(options.timeline ? { timeline: timelineOf(peaking.whole()) } : {}),
  });
  return spread.total > 1 ? rankReaders(made, later) : made;
}

/** One stage on the way from the plain plan to the plan as stated. */
export interface Stage {
  label: string;
  slot: Slot | 'plain';
  /** What this stage adds; absent for the plain plan. */
  use?: Use;
  plan: Plan;
}

/** The plain plan, then the plan's techniques one after the other in the file's order, each on top of those before it. */
export function stagesOf(plan: Plan): Stage[] {
  const changes = plan.order.flatMap((slot) => changesOf(plan, slot));
  const settings = Object.fromEntries(Object.entries(plan.slots).filter(([slot]) => SETTING.has(slot as Slot)));
  if (changes.length === 0) return [{ label: 'plain', slot: 'plain', plan }];
  let current: Plan = { ...plan, slots: settings, lists: {} };
  const plain: Stage = { label: 'plain', slot: 'plain', plan: current };
  const stages = changes.map(({ slot, use, made }, index): Stage => {
    current = index === changes.length - 1 ? plan : made(current);
    return { label: labelOf(use), slot, use, plan: current };
  });
  return [plain, ...stages];
}

function waterfallOf(plan: Plan, final: OnCard): WaterfallStep[] {
  let before = 0;
  return stagesOf(plan).map(({ label, slot, plan: stage }) => {
    const { simulation, time } = stage === plan ? final : heaviest(stage);
    const step: WaterfallStep = {
      label,
      slot,
      before,
      after: simulation.peak,
      categories: simulation.categories,
      time,
      peakAt: simulation.at,
    };
    before = step.after;
    return step;
  });
}

/** What a slot's statement changes, technique by technique. */
function changesOf({ slots, lists }: Plan, slot: Slot): { slot: Slot; use: Use; made(plan: Plan): Plan }[] {
  if (SETTING.has(slot)) return [];
  if (slot === 'parallel' || slot === 'offload') {
    return (lists[slot] ?? []).map((use) => ({
      slot,
      use,
      made: (plan) => ({ ...plan, lists: { ...plan.lists, [slot]: [...(plan.lists[slot] ?? []), use] } }),
    }));
  }
  const use = slots[slot];
  return use ? [{ slot, use, made: (plan) => ({ ...plan, slots: { ...plan.slots, [slot]: use } }) }] : [];
}

/** Slots that say where and how the plan runs rather than what it does to save memory: the plain plan has them too. */
const SETTING: ReadonlySet<Slot> = new Set<Slot>(['precision', 'engine', 'allocator']);

/** A use as it would be written. */
export function labelOf(use: Use): string {
  const args = Object.entries(use.args).map(([name, value]) => `${name}: ${written(value)}`);
  return args.length ? `${use.name}(${args.join(', ')})` : use.name;
}

function written(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object') return labelOf(value);
  return typeof value === 'number' && value >= 1024 && value % 1024 === 0 ? `${value / 1024}k` : String(value);
}
