/** What a technique would save and cost in a plan: estimated once for each plan, a little at a time. */
import { formatChange, formatPace } from '../../src/plan/format';
import type { Plan, TechniqueSlot, Use, Value } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { specsOf } from '../../src/techniques/registry';
import type { Argument, Spec } from '../../src/techniques/spec';
import type { EstimateCache, Trial } from './estimates';

export interface Price {
  /** Bytes off the allocated peak; negative where it adds to it. */
  saved: number;
  /** Seconds of the step with it over seconds without. */
  pace: number;
  fits: boolean;
}

/** Why a technique cannot stand there, in words. */
export interface Refusal {
  refused: string;
}

/** A value for an argument that has no default: what a snippet puts there, and what its price is of. */
function firstValue({ type }: Argument): Value {
  switch (type.kind) {
    case 'count':
      return type.tokens ? 1024 : Math.max(type.min ?? 1, 1);
    case 'number':
      return Math.max(type.min ?? 0, 1);
    case 'list':
      return type.of.slice(0, 2);
    case 'boolean':
      return true;
    case 'choice':
      return type.of[0] ?? '';
    case 'string':
      return type.examples?.[0] ?? '';
    case 'technique':
      return { name: type.of[0] ?? '', args: {} };
  }
}

/** A technique as completion writes it: with the arguments that it must be given. */
export const firstUse = (spec: Spec): Use => ({
  name: spec.name,
  args: Object.fromEntries(spec.args.filter((one) => one.default === undefined).map((one) => [one.name, firstValue(one)])),
});

/** The plan with another technique in a slot. */
export const withUse = (plan: Plan, slot: TechniqueSlot, use: Use): Plan => ({
  ...plan,
  slots: { ...plan.slots, [slot]: use },
  order: plan.order.includes(slot) ? plan.order : [...plan.order, slot],
});

/** The price of a technique by what its plan comes to as it is and, if that is known, as it would be. */
function price(
  plan: Plan,
  slot: TechniqueSlot,
  use: Use,
  before: Trial | undefined,
  find: (changed: Plan) => Trial | undefined,
): Price | Refusal | undefined {
  const changed = withUse(plan, slot, use);
  const refused = refusalOf(plan, changed);
  if (refused) return { refused };
  const after = before && find(changed);
  if (!after || 'failure' in before) return undefined;
  if ('failure' in after) return { refused: after.failure };
  if (after.fits === undefined) return undefined;
  return { saved: before.allocated - after.allocated, pace: after.step / before.step, fits: after.fits };
}

/** The price of a technique against the plan as it is; undefined where it cannot be estimated. */
export const priceOf = (plan: Plan, slot: TechniqueSlot, use: Use, cache: EstimateCache): Price | Refusal | undefined =>
  price(plan, slot, use, cache.trial(plan), (changed) => settled(changed, cache));

/** A trial of which is known whether it fits: near the border its allocator is simulated for that. */
function settled(plan: Plan, cache: EstimateCache): Trial {
  const trial = cache.trial(plan);
  if ('allocated' in trial) trial.fits ??= estimate({ ...plan, order: [] }).fits;
  return trial;
}

/** Whether a plan that is only tried fits. */
export function triedFits(plan: Plan, cache: EstimateCache): boolean {
  const trial = settled(plan, cache);
  return 'allocated' in trial && trial.fits === true;
}

/** Prices of all that a slot may hold, as far as they are known by now, by name; null where there is none to be had. */
export function knownPrices(plan: Plan, slot: TechniqueSlot, cache: EstimateCache): Map<string, Price | Refusal | null> {
  const prices = new Map<string, Price | Refusal | null>();
  const before = cache.tried(plan);
  for (const spec of specsOf(slot)) {
    const found = price(plan, slot, firstUse(spec), before, (changed) => cache.tried(changed));
    if (found) prices.set(spec.name, found);
    else if (before && 'failure' in before) prices.set(spec.name, null);
  }
  return prices;
}

/** What the changed plan's techniques have against one another, and the plan's had not. */
function refusalOf(plan: Plan, changed: Plan): string | undefined {
  const known = new Set(conflictsOf(plan).map(({ relation }) => relation.why));
  const conflict = conflictsOf(changed).find(({ relation }) => !known.has(relation.why));
  if (conflict) return conflict.relation.why;
  const before = new Set(refusalsOf(plan).map(({ why }) => why));
  return refusalsOf(changed).find(({ why }) => !before.has(why))?.why;
}

/** Makes the prices of all that a slot may hold known, saying before every step how long it takes: one of milliseconds comes last. */
export function* pricesOf(plan: Plan, slot: TechniqueSlot, cache: EstimateCache): Generator<'quick' | 'slow', void> {
  const plans = [plan, ...specsOf(slot).map((spec) => withUse(plan, slot, firstUse(spec)))];
  for (const one of plans) {
    if (cache.tried(one)) continue;
    yield 'quick';
    cache.trial(one);
  }
  for (const one of plans.slice(1)) {
    const trial = cache.trial(one);
    if ('failure' in trial || trial.fits !== undefined) continue;
    yield 'slow';
    settled(one, cache);
  }
}

/** What it saves for what it costs: bytes, less for every tenth of the time that it adds. */
export const worth = ({ saved, pace }: Pick<Price, 'saved' | 'pace'>): number => saved / (1 + Math.max(0, pace - 1) * 10);

/** `−14.2 GiB, +6 % time, fits`. */
export const priceText = ({ saved, pace, fits }: Price): string =>
  `${formatChange(-saved)}, ${formatPace(pace)}${fits ? ', fits' : ''}`;
