import type { Recipe } from '../../tape/recipe';
import { type ObjectiveRule, positionsOf } from '../../tape/webgpu/rules';

/** A recipe trained by an objective over answers; a chunk of its own goes before that of the backward pass. */
export const withObjective = (recipe: Recipe, objective: ObjectiveRule, chunk: number): Recipe => ({
  ...recipe,
  webgpu: {
    ...recipe.webgpu,
    objective,
    ...(chunk > 0 ? { head: { kind: 'chunks' as const, positions: positionsOf(recipe.batch, chunk) } } : {}),
  },
});
