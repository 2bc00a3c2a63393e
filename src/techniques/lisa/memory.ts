import type { Recipe } from '../../tape/recipe';

/**
 * The uppermost layers learn: of all draws the one with the highest peak, for their gradients are there while everything
 * below still keeps its activations. Embedding, head and final norm learn in every step (OptimalScale/LMFlow).
 */
export function sampledLayers(recipe: Recipe, layers: number, statesStay: boolean): Recipe {
  const count = Math.min(layers, recipe.model.layers);
  return {
    ...recipe,
    adapters: null,
    trains: () => true,
    active: { from: recipe.model.layers - count, count, statesStay },
  };
}
