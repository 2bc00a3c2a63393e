/** What a plan costs: peak, moment, categories, waterfall and time, all read off its tape. */

import type { Plan, Slot, TechniqueSlot, Use, Value } from '../plan/types';
import { parameterCount } from '../plan/weights';
import { type Simulation, simulate } from '../tape/simulate';
import type { Tape } from '../tape/types';
import { recipeOf, tapeOf } from '../techniques/recipe-of';
import { cardMemory } from './device-memory';
import { trainedParameters } from './parameters';
import { stepTime } from './time';
import { timelineOf } from './timeline';
import type { Estimate, WaterfallStep } from './types';

export interface EstimateOptions {
  timeline?: boolean;
}

/** Estimates one plan. Pure and synchronous: milliseconds for the largest models. */
export function estimate(plan: Plan, options: EstimateOptions = {}): Estimate {
  const tape = tapeOf(plan);
  const simulation = simulate(tape);
  const card = cardMemory(plan, tape, simulation.peak);
  const usable = plan.device.memory - plan.device.reserve;
  const step = stepTime(tape, plan);
  return {
    name: plan.name,
    model: plan.model.name,
    device: plan.device.name,
    capacity: plan.device.memory,
    usable,
    peak: {
      allocated: simulation.peak,
      // Simulated when read: a search reads only what it compares.
      get reserved() {
        return card.reserved;
      },
      get device() {
        return card.device;
      },
      get range() {
        return card.range;
      },
    },
    get fits() {
      return card.fits;
    },
    get fit() {
      return card.fit;
    },
    peakAt: simulation.at,
    instants: simulation.instants.map(({ phase, allocated }) => ({ phase, allocated })),
    categories: simulation.categories,
    waterfall: waterfallOf(plan, { tape, simulation }),
    time: { step, tokensPerSecond: (plan.batch * plan.sequence * plan.accumulate) / step },
    parameters: { total: parameterCount(plan.model), trainable: trainedParameters(recipeOf(plan)) },
    ...(options.timeline ? { timeline: timelineOf(tape) } : {}),
  };
}

/** The plain plan, then the plan's techniques one after the other in the file's order, each on top of those before it. */
function waterfallOf(plan: Plan, final: { tape: Tape; simulation: Simulation }): WaterfallStep[] {
  const techniques = plan.order.filter((slot): slot is TechniqueSlot => slot in plan.slots && !SETTING.has(slot));
  const settings = Object.fromEntries(Object.entries(plan.slots).filter(([slot]) => SETTING.has(slot as Slot)));
  let current: Plan = { ...plan, slots: settings };
  const steps: WaterfallStep[] = [];
  const push = (label: string, slot: Slot | 'plain', tape: Tape, simulation: Simulation) => {
    steps.push({
      label,
      slot,
      before: steps.at(-1)?.after ?? 0,
      after: simulation.peak,
      categories: simulation.categories,
      time: stepTime(tape, current),
      peakAt: simulation.at,
    });
  };
  techniques.forEach((slot, index) => {
    if (index === 0) {
      const tape = tapeOf(current);
      push('plain', 'plain', tape, simulate(tape));
    }
    const use = plan.slots[slot] as Use;
    current = { ...current, slots: { ...current.slots, [slot]: use } };
    const last = index === techniques.length - 1;
    const tape = last ? final.tape : tapeOf(current);
    push(labelOf(use), slot, tape, last ? final.simulation : simulate(tape));
  });
  if (steps.length === 0) push('plain', 'plain', final.tape, final.simulation);
  return steps;
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
