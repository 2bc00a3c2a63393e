/** Micro-batches whose gradients add up are one batch. */
import { recipeOf } from '../../techniques/recipe-of';
import type { Batch } from '../data';
import { sorted } from '../data';
import { withSlots } from '../proxy';
import { type CheckContext, within } from './context';
import { gradientsOf, STANDARD, withAdapters, worst } from './gradients';

/** The samples of all micro-batches side by side: rows are position-major, so that they interleave. Of pairs, chosen answers stay the first half. */
function sideBySide(batch: Batch, parts: number, samples: number, sequence: number, vocab: number, halves: number): Batch {
  const side = samples / halves;
  const mixed = <Values extends Uint32Array | Float32Array>(values: Values): Values => {
    const all = values.slice() as Values;
    values.forEach((value, from) => {
      const sample = from % samples;
      const position = Math.floor(from / samples) % sequence;
      const part = Math.floor(from / (samples * sequence));
      all[((position * halves + Math.floor(sample / side)) * parts + part) * side + (sample % side)] = value;
    });
    return all;
  };
  const tokens = mixed(batch.tokens);
  return {
    tokens,
    targets: mixed(batch.targets),
    ...sorted(tokens, vocab),
    ...(batch.reference ? { reference: mixed(batch.reference) } : {}),
    ...(batch.advantages ? { advantages: mixed(batch.advantages) } : {}),
  };
}

/** Loss and gradients of a step of several micro-batches equal those of one batch of all their samples. */
export async function equalsOneBatch(context: CheckContext): Promise<void> {
  const { plan, batch, report } = context;
  const weights = withAdapters(context.weights, context.seed);
  const { loss } = plan.slots;
  const micro = withSlots(plan, { ...STANDARD, ...(loss ? { loss } : {}) });
  const { accumulate, sequence } = plan;
  const whole = { ...micro, batch: accumulate * plan.batch, accumulate: 1 };
  const gathered = await gradientsOf(context, micro, batch, weights);
  const pairs = recipeOf(micro).webgpu.objective?.kind === 'dpo';
  const all = sideBySide(batch, accumulate, recipeOf(micro).batch, sequence, plan.model.vocab, pairs ? 2 : 1);
  const once = await gradientsOf(context, whole, all, weights);
  const { error, where, parameters } = worst(once.values, gathered.values);
  report(
    within(
      `loss and gradients of ${parameters} parameters over ${accumulate} micro-batches against one batch of all`,
      Math.max(error, Math.abs(gathered.loss - once.loss) / Math.max(1e-2, Math.abs(once.loss))),
      1e-5,
      `only the order of float32 sums differs (largest in ${where || 'none'}), relative to each parameter's largest gradient`,
    ),
  );
}
