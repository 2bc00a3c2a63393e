import { elements, weightsOf } from '../plan/weights';
import { adapterWeights } from '../tape/pytorch/step';
import type { Recipe } from '../tape/recipe';

/** Parameters that learn, adapters included. */
export function trainedParameters(recipe: Recipe): number {
  const { layer, outside } = weightsOf(recipe.model);
  const count = (weights: readonly { name: string; shape: readonly number[]; role: never | string }[]) =>
    weights.reduce((sum, weight) => sum + (recipe.trains(weight as never) ? elements(weight as never) : 0), 0);
  return recipe.model.layers * count([...layer, ...adapterWeights(recipe, layer)]) + count(outside);
}
