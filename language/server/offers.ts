/** Changes of a single statement that would lower a plan's peak. */
import type { Plan, Use } from '../../src/plan/types';
import { bytesAndTime } from '../../src/planner/bytes-and-time';
import { candidateSteps, FIT_SLOTS } from '../../src/planner/fit';
import type { EstimateCache } from './estimates';
import { tokensText, useText } from './rewrite';

export interface Offer {
  /** The statement's key and its new value. */
  key: string;
  text: string;
  plan: Plan;
  /** Bytes off the allocated peak. */
  saved: number;
  /** Seconds that the same tokens take with it over seconds without. */
  pace: number;
}

/** Share of the peak that an offer must save. */
const LEAST = 1 / 100;

/** Techniques that a slot could hold instead, and halved counts, as far as they save something, what saves most first. */
export function* offerSteps(plan: Plan, cache: EstimateCache): Generator<unknown, readonly Offer[]> {
  return yield* cache.answer(['offers', plan], () => search(plan, cache));
}

/** Those offers, where they have been looked for. */
export const knownOffers = (plan: Plan, cache: EstimateCache): readonly Offer[] | undefined =>
  cache.answered<Offer[]>(['offers', plan]);

function* search(plan: Plan, cache: EstimateCache): Generator<unknown, Offer[]> {
  const now = cache.trial(plan);
  if ('failure' in now) return [];
  const offers: Offer[] = [];
  const offer = (key: string, text: string, other: Plan, peak: number, step: number): void => {
    const saved = now.allocated - peak;
    const work = (plan.batch * plan.sequence) / (other.batch * other.sequence);
    if (saved > now.allocated * LEAST) offers.push({ key, text, plan: other, saved, pace: (work * step) / now.step });
  };
  const measure = bytesAndTime();
  for (const slot of FIT_SLOTS) {
    for (const { plan: other, changed, peak, time } of yield* candidateSteps(plan, [slot], measure))
      if (changed.length === 1) offer(slot, useText(slot, other.slots[slot] as Use), other, peak, time);
    yield;
  }
  for (const key of ['sequence', 'batch'] as const) {
    const half = Math.floor(plan[key] / 2);
    if (half < 1) continue;
    const other = { ...plan, [key]: half };
    const trial = cache.trial(other);
    if ('allocated' in trial)
      offer(key, key === 'sequence' ? tokensText(half) : String(half), other, trial.allocated, trial.step);
    yield;
  }
  return offers.sort((a, b) => b.saved - a.saved);
}
