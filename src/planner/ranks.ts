/** The cards of a plan that differ: a pipeline's stages; all others do the same with different tokens or parts. */
import type { Plan } from '../plan/types';
import type { Recipe } from '../tape/recipe';
import { type Simulation, simulate } from '../tape/simulate';
import type { Tape } from '../tape/types';
import { type Spread, spreadOf } from '../techniques/cards';
import { lowerRecipe, recipeOnCard } from '../techniques/recipe-of';
import { stepTime } from './time';
import type { Rank } from './types';

/** Stages whose cards do exactly the same. */
interface Kind {
  /** The first of them, and how many there are. */
  stage: number;
  stages: number;
  recipe: Recipe;
}

/** A card and its step. */
export interface OnCard {
  name: string;
  tape: Tape;
  simulation: Simulation;
  /** Seconds of a step; in `heaviest`, of the slowest card's. */
  time: number;
}

function kindsOf(plan: Plan, { pipeline }: Spread): Kind[] {
  const kinds: (Kind & { like: string })[] = [];
  for (let stage = 0; stage < pipeline; stage++) {
    const recipe = recipeOnCard(plan, stage);
    const outer = stage === 0 || stage === pipeline - 1;
    const like = JSON.stringify([outer && stage, recipe.model.layers, recipe.cards.stage.waiting]);
    const last = kinds.at(-1);
    if (last?.like === like) last.stages += 1;
    else kinds.push({ stage, stages: 1, recipe, like });
  }
  return kinds;
}

const nameOf = ({ stage, stages }: Kind, { pipeline, total }: Spread): string => {
  if (pipeline === 1) return total === 1 ? 'the card' : 'every card';
  return stages === 1 ? `stage ${stage + 1} of ${pipeline}` : `stages ${stage + 1} to ${stage + stages} of ${pipeline}`;
};

/** Writes one kind's step. */
const onCard = (plan: Plan, kind: Kind, spread: Spread): OnCard => {
  const tape = lowerRecipe(plan, kind.recipe);
  return { name: nameOf(kind, spread), tape, simulation: simulate(tape), time: stepTime(tape, plan) };
};

/**
 * The card that peaks highest. Of a pipeline's inner stages with as many layers, the earliest has the most micro-batches in
 * flight, so that the others need not be written.
 */
export function heaviest(plan: Plan): OnCard {
  const spread = spreadOf(plan);
  const kinds = kindsOf(plan, spread);
  const seen = new Set<string>();
  return kinds
    .filter(({ stage, recipe }) => {
      const outer = stage === 0 || stage === spread.pipeline - 1;
      const like = `${outer && stage} ${recipe.model.layers}`;
      return !seen.has(like) && seen.add(like);
    })
    .map((kind) => onCard(plan, kind, spread))
    .reduce((best, one) => ({
      ...(one.simulation.peak > best.simulation.peak ? one : best),
      time: Math.max(one.time, best.time),
    }));
}

/** A row for each distinct card; empty where there is only one card. */
export function ranksOf(plan: Plan): Rank[] {
  const spread = spreadOf(plan);
  if (spread.total === 1) return [];
  return kindsOf(plan, spread).map((kind) => {
    const { name, simulation } = onCard(plan, kind, spread);
    return {
      name,
      count: kind.stages * (spread.total / spread.pipeline),
      peak: simulation.peak,
      peakAt: simulation.at,
      categories: simulation.categories,
    };
  });
}
