import { isFirst } from '../cards';
import type { Recipe } from '../recipe';
import type { Stretch } from './context';

/** Whether a layer's parameters learn in this step. */
export const isActive = ({ active }: Recipe, layer: number): boolean =>
  !active || (layer >= active.from && layer < active.from + active.count);

/**
 * Groups of `every` layers, the last one shorter where they do not divide; neighbouring groups whose layers are alike are
 * one stretch. `kind` tells layers apart.
 */
function stretchesBy(layers: number, every: number, kind: (layer: number) => string): Stretch[] {
  const stretches: Stretch[] = [];
  let last = '';
  for (let from = 0; from < layers; from += every) {
    const stride = Math.min(every, layers - from);
    const like = Array.from({ length: stride }, (_, offset) => kind(from + offset)).join();
    const stretch = stretches.at(-1);
    if (stretch && like === last) stretch.count += 1;
    else stretches.push({ from, count: 1, stride });
    last = like;
  }
  return stretches;
}

/** The same for layers that are all alike. */
function alike(layers: number, every: number): Stretch[] {
  const count = Math.floor(layers / every);
  const from = count * every;
  const whole = count > 0 ? [{ from: 0, count, stride: every }] : [];
  return from < layers ? [...whole, { from, count: 1, stride: layers - from }] : whole;
}

/** Groups of `every` layers, told apart by whether they learn. */
export const segmentsOf = (recipe: Recipe, every: number): Stretch[] =>
  !recipe.active
    ? alike(recipe.model.layers, every)
    : stretchesBy(recipe.model.layers, every, (layer) => String(isActive(recipe, layer)));

/** Whether what enters the layers requires a gradient by itself: what an earlier stage of a pipeline sends always wants its own. */
export const learnsBefore = ({ cards, model: { vocab, hidden }, trains }: Recipe): boolean =>
  !isFirst(cards.stage) || trains({ name: 'embed', shape: [vocab, hidden], role: 'embedding' });

/**
 * Layers as autograd sees them: below the first one that learns nothing is kept where the embedding does not learn, and
 * the first one itself keeps less, for its input needs no gradient.
 */
export function stretchesOf(recipe: Recipe): Stretch[] {
  const { layers } = recipe.model;
  const embedTrains = learnsBefore(recipe);
  if (embedTrains && !recipe.active) return alike(layers, 1);
  const first = embedTrains ? -1 : (recipe.active?.from ?? 0);
  return stretchesBy(layers, 1, (layer) => `${isActive(recipe, layer)} ${layer === first} ${layer < first}`);
}
