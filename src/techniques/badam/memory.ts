import { weightsOf } from '../../plan/weights';
import type { Recipe } from '../../tape/recipe';

/**
 * The lowest block learns: of all turns the one with the highest peak, for backward then runs through every layer. The
 * states of the block before are dropped (Ledzy/BAdam).
 */
export function block(recipe: Recipe, layers: number): Recipe {
  const inside = new Set(weightsOf(recipe.model).layer.map((weight) => weight.name));
  return {
    ...recipe,
    adapters: null,
    trains: (weight) => inside.has(weight.name),
    active: { from: 0, count: Math.min(layers, recipe.model.layers), statesStay: false },
  };
}
