/** The cards of a plan that differ: a pipeline's stages; all others do the same with different tokens or parts. */
import type { Plan } from '../plan/types';
import type { WrittenLayers } from '../tape/pytorch/layer-spans';
import { learnsBefore } from '../tape/pytorch/stretches';
import { type Simulation, simulate, type Walked } from '../tape/simulate';
import type { Tape } from '../tape/types';
import { stagesIn } from '../techniques/pipeline';
import { lowerRecipe, recipeOf, recipeOnCard, writeRecipe } from '../techniques/recipe-of';
import { type Spread, spreadOf } from '../techniques/spread';
import { managedBytes, pagedOut } from './host';
import { once } from './once';
import { stepTime } from './time';
import type { Rank } from './types';

/** Stages whose cards do exactly the same: the first of them, and how many there are. */
interface Kind {
  stage: number;
  stages: number;
  layers: number;
}

/** A card and its step. */
export interface OnCard {
  name: string;
  /** May share its layers with another card's, and then names and orders its tensors as that one does. */
  tape: Tape;
  /** By itself: for those who show its tensors and ops. */
  whole(): Tape;
  simulation: Simulation;
  /** Bytes of managed memory that lie on the host. */
  paged: number;
  /** Seconds of a step; in `heaviest`, of the slowest card's. */
  time: number;
}

function kindsOf(plan: Plan): Kind[] {
  const stages = stagesIn(plan);
  if (stages.length < 2) return [{ stage: 0, stages: 1, layers: plan.model.layers }];
  const kinds: (Kind & { like: string })[] = [];
  for (const [stage, { layers, waiting }] of stages.entries()) {
    const outer = stage === 0 || stage === stages.length - 1;
    const like = `${outer ? stage : 'inner'} ${layers} ${waiting.layers} ${waiting.microBatches}`;
    const last = kinds.at(-1);
    if (last?.like === like) last.stages += 1;
    else kinds.push({ stage, stages: 1, layers, like });
  }
  return kinds;
}

const nameOf = ({ stage, stages }: Kind, { pipeline, total }: Spread): string => {
  if (pipeline === 1) return total === 1 ? 'the card' : 'every card';
  return stages === 1 ? `stage ${stage + 1} of ${pipeline}` : `stages ${stage + 1} to ${stage + stages} of ${pipeline}`;
};

/** Writes each kind's step. Kinds with layers alike share them: only what stands before and behind them is written for each. */
function onCards(plan: Plan, kinds: readonly Kind[]): OnCard[] {
  const spread = spreadOf(plan);
  const known: Walked = new Map();
  let layers: WrittenLayers | null = null;
  return kinds.map((kind) => {
    const recipe = recipeOnCard(plan, kind.stage);
    const written = writeRecipe(plan, recipe, layers);
    const { tape } = written;
    const whole = layers ? once(() => lowerRecipe(plan, recipe)) : () => tape;
    const seen = simulate(tape, undefined, known);
    const simulation = layers && namesWhatEntered(seen, layers) ? simulate(whole()) : seen;
    layers ??= written.layers;
    const paged = pagedOut(managedBytes(tape), simulation.peak, plan);
    return { name: nameOf(kind, spread), tape, whole, simulation, paged, time: stepTime(tape, plan, paged) };
  });
}

/** Whether a peak lies in an op of shared layers that is called after what entered them where they were written. */
const namesWhatEntered = ({ instants }: Simulation, { spans }: WrittenLayers): boolean =>
  spans.some(({ entering }) => entering && instants.some(({ at }) => at.op.includes(entering.name)));

/**
 * The stages of which one peaks highest and one is slowest. An inner stage with no more layers than one before it has no more of anything, for no more
 * micro-batches wait on it: it need not be written. But the first one's layers keep less where nothing learns before them.
 */
function heavy(plan: Plan): Kind[] {
  const kinds = kindsOf(plan);
  let most = 0;
  return kinds.filter(({ layers }, index) => {
    if (layers <= most && index < kinds.length - 1) return false;
    if (index > 0 || kinds.length < 3 || learnsBefore(recipeOf(plan))) most = Math.max(most, layers);
    return true;
  });
}

/** Their indices. */
export const heavyStages = (plan: Plan): number[] => heavy(plan).map(({ stage }) => stage);

/** The card that peaks highest. */
export function heaviest(plan: Plan): OnCard {
  return onCards(plan, heavy(plan)).reduce((best, one) => ({
    ...(one.simulation.peak > best.simulation.peak ? one : best),
    time: Math.max(one.time, best.time),
  }));
}

/** A row for each distinct card; empty where there is only one card. */
export function ranksOf(plan: Plan): Rank[] {
  const spread = spreadOf(plan);
  if (spread.total === 1) return [];
  const kinds = kindsOf(plan);
  return onCards(plan, kinds).map(({ name, simulation }, index) => ({
    name,
    count: (kinds[index] as Kind).stages * (spread.total / spread.pipeline),
    peak: simulation.peak,
    peakAt: simulation.at,
    categories: simulation.categories,
  }));
}
