/** The bytes of a step, proved from the other side: what was predicted is enough, and one block less is not. */
import type { Recipe } from '../../tape/recipe';
import { ALIGNMENT } from '../../tape/webgpu/rules';
import type { Batch } from '../data';
import type { Opened } from '../device';
import { RunnerError } from '../errors';
import type { Cap, Predicted } from '../program';
import { createTrainer } from '../trainer';
import type { WeightSource } from '../weights';

export interface Capped {
  opened: Opened;
  recipe: Recipe;
  weights: WeightSource;
  seed: number;
  /** Of the steps to run. */
  batches: readonly Batch[];
  learningRate: number;
  predicted: Pick<Predicted, 'live' | 'arena'>;
}

/** Losses under a cap, or why it was refused. Errors: all but `out-of-memory`. */
async function stepsUnder(run: Capped, cap: Cap): Promise<number[] | RunnerError> {
  try {
    const trainer = await createTrainer(run.opened, run.recipe, run.weights, run.seed, { cap });
    try {
      const losses: number[] = [];
      for (const [index, batch] of run.batches.entries()) losses.push(await trainer.step(index, batch, run.learningRate));
      return losses;
    } finally {
      trainer.destroy();
    }
  } catch (error) {
    if (error instanceof RunnerError && error.code === 'out-of-memory') return error;
    throw error;
  }
}

/**
 * Runs the steps with live tensors and arena capped at what was predicted, then with each of them one block lower. Returns the
 * losses of the first (none where it was refused), and how many of the three went otherwise than they should.
 */
export async function underCaps(run: Capped): Promise<{ again: number[]; wrong: number }> {
  const { live, arena } = run.predicted;
  const enough = await stepsUnder(run, { live, arena });
  const tighter = [await stepsUnder(run, { live: live - ALIGNMENT }), await stepsUnder(run, { arena: arena - ALIGNMENT })];
  const passed = tighter.filter((result) => !(result instanceof RunnerError)).length;
  const refused = enough instanceof RunnerError;
  return { again: refused ? [] : enough, wrong: passed + (refused ? 1 : 0) };
}
