/** Peak and time of many plans that differ by a slot or two, for searches: parts that plans share are simulated once. */
import type { Plan, Use } from '../plan/types';
import type { Recipe } from '../tape/recipe';
import { simulate } from '../tape/simulate';
import { lowerRecipe, recipeOf, useOf } from '../techniques/recipe-of';
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
  return (plan) => {
    const recipe = recipeOf(plan);
    if (recipe.layerwise || useOf(plan, 'engine')?.name === 'webgpu') return whole(plan, recipe);
    const { optimizer, ...others } = plan.slots;
    const shared = key(plan, others);
    const pass = remember(passes, shared, () => {
      const { peak, time } = whole(plan, {
        ...recipe,
        states: () => [],
        pytorch: { ...recipe.pytorch, optimizerStep: () => {} },
      });
      return { peak, time };
    });
    const { backward: _, activations: __, attention: ___, loss: ____, ...kept } = plan.slots;
    const step = remember(steps, key(plan, kept), () => {
      const tape = lowerRecipe(plan, { ...recipe, accumulate: 1, pytorch: { ...recipe.pytorch, schedule: gradientsOnly } });
      const simulation = simulate(tape);
      const after = simulation.instants.find((instant) => instant.phase === 'optimizer')?.allocated ?? 0;
      return { peak: after, time: phaseTimes(tape, plan).optimizer, states: simulation.persistent.optimizer };
    });
    return { peak: Math.max(pass.peak + step.states, step.peak), time: pass.time + step.time };
  };
}

/** Gradients of every parameter, and nothing else: what the optimizer's step finds. */
const gradientsOnly: Recipe['pytorch']['schedule'] = (step) => step.allGradients();

function whole(plan: Plan, recipe: Recipe): BytesAndTime {
  const tape = lowerRecipe(plan, recipe);
  return { peak: simulate(tape).peak, time: stepTime(tape, plan) };
}

const key = (plan: Plan, slots: { [slot: string]: Use | undefined }): string =>
  JSON.stringify([plan.model, plan.batch, plan.sequence, plan.accumulate, slots, plan.lists]);

function remember<V>(known: Map<string, V>, name: string, make: () => V): V {
  let found = known.get(name);
  if (found === undefined) {
    found = make();
    known.set(name, found);
  }
  return found;
}
