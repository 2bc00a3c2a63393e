/** What a technique would save and cost in a plan: estimated once for each plan, a little at a time. */
import { formatBytes } from '../../src/plan/format';
import type { Plan, TechniqueSlot, Use, Value } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { specsOf } from '../../src/techniques/registry';
import type { Argument, Spec } from '../../src/techniques/spec';
import type { EstimateCache } from './estimates';

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

/** The price of a technique against the plan as it is; undefined where it cannot be estimated. */
export function priceOf(plan: Plan, slot: TechniqueSlot, use: Use, cache: EstimateCache): Price | Refusal | undefined {
  const changed = withUse(plan, slot, use);
  const refused = refusalOf(plan, changed);
  if (refused) return { refused };
  const before = cache.brief(plan);
  if ('failure' in before) return undefined;
  try {
    const { peak, time, fits } = estimate({ ...changed, order: [] });
    const { estimate: now } = before;
    return { saved: now.peak.allocated - peak.allocated, pace: time.step / now.time.step, fits };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

/** What the changed plan's techniques have against one another, and the plan's had not. */
function refusalOf(plan: Plan, changed: Plan): string | undefined {
  const known = new Set(conflictsOf(plan).map(({ relation }) => relation.why));
  const conflict = conflictsOf(changed).find(({ relation }) => !known.has(relation.why));
  if (conflict) return conflict.relation.why;
  const before = new Set(refusalsOf(plan).map(({ why }) => why));
  return refusalsOf(changed).find(({ why }) => !before.has(why))?.why;
}

/** Prices of all that a slot may hold, one estimate a turn. */
export function* pricesOf(plan: Plan, slot: TechniqueSlot, cache: EstimateCache): Generator<void, void> {
  cache.brief(plan);
  yield;
  for (const spec of specsOf(slot)) {
    const known = cache.prices(plan, slot);
    if (known.has(spec.name)) continue;
    known.set(spec.name, priceOf(plan, slot, firstUse(spec), cache) ?? null);
    yield;
  }
}

/** What it saves for what it costs: bytes, less for every tenth of the time that it adds. */
export const worth = ({ saved, pace }: Pick<Price, 'saved' | 'pace'>): number => saved / (1 + Math.max(0, pace - 1) * 10);

/** `−14.2 GiB, +6 % time, fits`. */
export function priceText({ saved, pace, fits }: Price): string {
  const percent = Math.round((pace - 1) * 100);
  const bytes = saved === 0 ? '± 0' : `${saved > 0 ? '−' : '+'}${formatBytes(Math.abs(saved))}`;
  return `${bytes}, ${percent < 0 ? '−' : '+'}${Math.abs(percent)} % time${fits ? ', fits' : ''}`;
}
