import type { Recipe } from '../../tape/recipe';
import { type ObjectiveRule, positionsOf, type ReferenceRule } from '../../tape/webgpu/rules';
import type { Reference } from './memory';

/** What the runner makes of a plan's reference; without one, answers come with what they were drawn with. */
export const referenceRule = (reference: Reference): ReferenceRule =>
  reference === 'model' || reference === 'adapters-off' ? reference : 'input';

/** A recipe trained by an objective over answers; a chunk of its own goes before that of the backward pass. */
export const withObjective = (recipe: Recipe, objective: ObjectiveRule, chunk: number): Recipe => ({
  ...recipe,
  webgpu: {
    ...recipe.webgpu,
    objective,
    ...(chunk > 0 ? { head: { kind: 'chunks' as const, positions: positionsOf(recipe.batch, chunk) } } : {}),
  },
});
