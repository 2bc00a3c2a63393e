/** At which rate the runner's small model learns, and how much it must have learnt. */
import type { Plan } from '../plan/types';
import { useOf } from '../techniques/recipe-of';
import { findTechnique } from '../techniques/registry';
import type { Learning } from '../techniques/technique';

/** Whether weights of the model stay as they are: all of them beside adapters, or those of some layers. */
export const freezes = ({ slots }: Plan): boolean => slots.train !== undefined && slots.train.name !== 'full';

/** Of a rate, where ratios of probabilities to a reference's are clipped: further away nothing is learnt. */
const NEAR_THE_REFERENCE = 0.02;

/** A rate at which the plan learns steadily at a proxy's size. */
export function rateOf(plan: Plan): number {
  const own = learningOf(plan).rate?.(useOf(plan, 'optimizer')?.args ?? {}, plan.model);
  const usual = own ?? (freezes(plan) ? 5e-3 : 2e-3);
  return usual * (plan.slots.loss?.name === 'grpo' ? NEAR_THE_REFERENCE : 1);
}

/**
 * Held-out loss after a run over the one before it, at most. A batch's worth of noise is below 1 %: an optimizer that walks
 * the wrong way, or not at all, does not pass. One direction a step teaches less, and without an optimizer nothing is learnt.
 */
export function heldOutLimit(plan: Plan): number {
  const { only } = learningOf(plan);
  if (only === 'nothing') return 1;
  if (only === 'one direction') return freezes(plan) ? 1 : 0.999;
  return freezes(plan) ? 0.995 : 0.97;
}

/** What a loss may rise by where each step goes along one direction of all, and as often hardly moves. */
const ONE_DIRECTION = 0.02;

/** How far a loss of which only the difference means something may rise over a run. */
export const mostRise = (plan: Plan): number => (learningOf(plan).only === 'one direction' ? ONE_DIRECTION : 0);

const learningOf = (plan: Plan): Learning => findTechnique('optimizer', useOf(plan, 'optimizer')?.name ?? '')?.learning ?? {};
