import type { Model, Plan, Use } from '../plan/types';
import type { Recipe } from '../tape/recipe';
import type { Spec } from './spec';
import type { Spread } from './spread';

/** How a small model learns with an optimizer in the runner, where that is not as with Adam. */
export interface Learning {
  /** A rate at which it learns steadily at a proxy's size. */
  rate?(args: Use['args'], proxy: Model): number;
  /** What it learns in a step: nothing at all, or what lies along one direction. */
  only?: 'nothing' | 'one direction';
}

/**
 * A technique as the planner knows it. Its folder exports this from `index.ts`; the runner finds `run.ts` and
 * `check.ts` beside it by the folder's name.
 */
export interface Technique {
  spec: Spec;
  /** Rewrites the recipe of a step (`memory.ts`): what every engine shares, and PyTorch's rules. Pure; `args` are complete. */
  rewrite(recipe: Recipe, args: Use['args']): Recipe;
  /** Rewrites the runner's own rules (`webgpu.ts`), after `rewrite`. Absent where the runner does not execute the technique. */
  webgpu?(recipe: Recipe, args: Use['args']): Recipe;
  learning?: Learning;
  /** Why a plan cannot have it with these arguments, in words; undefined where it can. What names alone decide is in the spec. */
  refuses?(plan: Plan, args: Use['args'], spread: Spread): string | undefined;
  /** What is to be known of it with these arguments though it works, in words. What names alone decide is among the spec's cautions. */
  warns?(plan: Plan, args: Use['args']): string | undefined;
}
