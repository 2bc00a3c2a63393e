/** Peak and time of many plans that differ by a slot or two, for searches: parts that plans share are simulated once. */
import { type Plan, TECHNIQUE_SLOTS, type TechniqueSlot } from '../plan/types';
import type { Recipe } from '../tape/recipe';
import { simulate } from '../tape/simulate';
import { lowerRecipe, recipeOf, useOf } from '../techniques/recipe-of';
import { heaviest } from './ranks';
import { phaseTimes, stepTime } from './time';

export interface BytesAndTime {
  /** Highest live bytes of the step. */
  peak: number;
  /** Seconds of the step. */
  time: number;
}

interface Passes {
  /** Highest bytes of forward and backward without the optimizer's states, and the seconds of both. */
  peak: number;
  time: number;
}

/**
 * A measure with a memory. Forward and backward do not depend on an optimizer that runs after them except for the states
 * that lie there, and its step does not depend on how the gradients came about: each is simulated once for all plans
 * that share it. An optimizer inside backward is simulated with it.
 */
export function bytesAndTime(): (plan: Plan) => BytesAndTime {
  const passes = new Map<string, Passes>();
  const steps = new Map<string, Passes & { states: number }>();
  const insides = new Map<string, boolean>();
  const text = written();
  /** The optimizer's step is a part of backward, so that the two cannot be taken apart. */
  const inside = (plan: Plan): boolean =>
    remember(insides, `${text(plan.slots.optimizer)};${text(plan.slots.train)};${text(plan.slots.engine)}`, () => {
      return recipeOf(plan).layerwise !== false || useOf(plan, 'engine')?.name === 'webgpu';
    });
  return (plan) => {
    if (plan.lists.parallel?.length || plan.lists.offload?.length) {
      const { simulation, time } = heaviest(plan);
      return { peak: simulation.peak, time };
    }
    if (inside(plan)) return whole(plan, recipeOf(plan));
    const name = (slots: readonly TechniqueSlot[]): string =>
      [text(plan.model), plan.batch, plan.sequence, plan.accumulate, ...slots.map((slot) => text(plan.slots[slot]))].join(';');
    const pass = remember(passes, name(PASS_SLOTS), () => {
      const recipe = recipeOf(plan);
      return whole(plan, { ...recipe, states: () => [], pytorch: { ...recipe.pytorch, optimizerStep: () => {} } });
    });
    const step = remember(steps, name(STEP_SLOTS), () => {
      const recipe = recipeOf(plan);
      const tape = lowerRecipe(plan, { ...recipe, accumulate: 1, pytorch: { ...recipe.pytorch, schedule: gradientsOnly } });
      const simulation = simulate(tape);
      const after = simulation.instants.find((instant) => instant.phase === 'optimizer')?.allocated ?? 0;
      return { peak: after, time: phaseTimes(tape, plan).optimizer, states: simulation.persistent.optimizer };
    });
    return { peak: Math.max(pass.peak + step.states, step.peak), time: pass.time + step.time };
  };
}

/** Slots that forward and backward depend on, and those that the optimizer's step depends on. */
const PASS_SLOTS = TECHNIQUE_SLOTS.filter((slot) => slot !== 'optimizer');
const STEP_SLOTS = TECHNIQUE_SLOTS.filter((slot) => !['backward', 'activations', 'attention', 'loss'].includes(slot));

/** The text of a part of a plan; plans of one search share their parts, so each is written once. */
function written(): (part: object | undefined) => string {
  const known = new WeakMap<object, string>();
  return (part) => {
    if (!part) return '';
    let found = known.get(part);
    if (found === undefined) {
      found = JSON.stringify(part);
      known.set(part, found);
    }
    return found;
  };
}

/** Gradients of every parameter, and nothing else: what the optimizer's step finds. */
const gradientsOnly: Recipe['pytorch']['schedule'] = (step) => step.allGradients();

function whole(plan: Plan, recipe: Recipe): BytesAndTime {
  const tape = lowerRecipe(plan, recipe);
  return { peak: simulate(tape).peak, time: stepTime(tape, plan) };
}

function remember<V>(known: Map<string, V>, name: string, make: () => V): V {
  let found = known.get(name);
  if (found === undefined) {
    found = make();
    known.set(name, found);
  }
  return found;
}
