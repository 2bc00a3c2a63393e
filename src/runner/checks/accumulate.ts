/** Micro-batches whose gradients add up are one batch. */
import type { Batch } from '../data';
import { sorted } from '../data';
import { withSlots } from '../proxy';
import { type CheckContext, within } from './context';
import { gradientsOf, STANDARD, withAdapters, worst } from './gradients';

/** The samples of all micro-batches side by side: rows are position-major, so that they interleave. */
function sideBySide(batch: Batch, parts: number, samples: number, sequence: number, vocab: number): Batch {
  const [tokens, targets] = (['tokens', 'targets'] as const).map((name) => {
    const all = new Uint32Array(batch[name].length);
    for (let part = 0; part < parts; part++)
      for (let position = 0; position < sequence; position++)
        for (let sample = 0; sample < samples; sample++)
          all[(position * parts + part) * samples + sample] = batch[name][
            (part * sequence + position) * samples + sample
          ] as number;
    return all;
  }) as [Batch['tokens'], Batch['targets']];
  return { tokens, targets, ...sorted(tokens, vocab) };
}

/** Loss and gradients of a step of several micro-batches equal those of one batch of all their samples. */
export async function equalsOneBatch(context: CheckContext): Promise<void> {
  const { plan, batch, report } = context;
  const weights = withAdapters(context.weights, context.seed);
  const micro = withSlots(plan, STANDARD);
  const { accumulate, sequence } = plan;
  const whole = { ...micro, batch: accumulate * plan.batch, accumulate: 1 };
  const gathered = await gradientsOf(context, micro, batch, weights);
  const once = await gradientsOf(context, whole, sideBySide(batch, accumulate, plan.batch, sequence, plan.model.vocab), weights);
  const { error, where, parameters } = worst(once.values, gathered.values);
  report(
    within(
      `loss and gradients of ${parameters} parameters over ${accumulate} micro-batches against one batch of all`,
      Math.max(error, Math.abs(gathered.loss - once.loss) / once.loss),
      1e-5,
      `only the order of float32 sums differs (largest in ${where || 'none'}), relative to each parameter's largest gradient`,
    ),
  );
}
