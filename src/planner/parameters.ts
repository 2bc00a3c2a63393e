import { elements, weightsOf } from '../plan/weights';
import { addedWeights } from '../tape/pytorch/parameters';
import type { Recipe } from '../tape/recipe';

/** Parameters that learn in a step, adapters included. */
export function trainedParameters(recipe: Recipe): number {
  const { layer, outside } = weightsOf(recipe.model);
  const count = (weights: readonly { name: string; shape: readonly number[]; role: never | string }[]) =>
    weights.reduce((sum, weight) => sum + (recipe.trains(weight as never) ? elements(weight as never) : 0), 0);
  const added = recipe.added(recipe.model);
  const layers = recipe.active?.count ?? recipe.model.layers;
  return layers * count([...layer, ...addedWeights(recipe, layer)]) + count([...outside, ...added.outside, ...added.shared]);
}
