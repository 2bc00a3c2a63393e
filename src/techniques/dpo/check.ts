import { scorerOf, toAnswers } from '../../runner/answers';
import { type TechniqueCheck, within } from '../../runner/checks/context';
import { EXACT, equalsReference, gradientsOf, NONE, STANDARD, withAdapters, worst } from '../../runner/checks/gradients';
import { withSlots } from '../../runner/proxy';
import { initialWeights } from '../../runner/weights';
import { recipeOf } from '../recipe-of';

/** Whole, in chunks and streamed the gradients are the same; at small size they are those of double precision and of finite differences. */
export const check: TechniqueCheck = async (context) => {
  const { opened, plan, use, seed } = context;
  const whole = withSlots(plan, { ...STANDARD, loss: { ...use, args: { ...use.args, chunk: 0 } } });
  const { objective } = recipeOf(whole).webgpu;
  if (!objective) throw new Error(`${use.name} has no objective`);
  const weights = withAdapters(context.weights, seed);
  // The reference is another model than the policy, as it is once the policy has learnt something.
  const scorer = await scorerOf(opened, whole, withAdapters(initialWeights(plan.model, seed + 1), seed), seed);
  const batch = await scorer.score(toAnswers(objective, context.batch, plan, seed)).finally(() => scorer.destroy());
  const expected = await gradientsOf(context, whole, batch, weights);
  const chunk = Math.max(1, Math.floor(plan.sequence / 3));
  const forms = [
    ['chunks of logits', { loss: { ...use, args: { ...use.args, chunk: chunk * plan.batch } } }],
    ['StreamBP', { backward: { name: 'streambp', args: { chunk, logits: chunk * plan.batch } } }],
    ['checkpoints', { backward: { name: 'checkpoint', args: {} } }],
  ] as const;
  for (const [name, slots] of forms) {
    const got = await gradientsOf(context, withSlots(whole, { ...slots, optimizer: NONE }), batch, weights);
    const { error, where, parameters } = worst(expected.values, got.values);
    context.report(
      within(
        `loss and gradients of ${parameters} parameters by ${name} against all at once`,
        Math.max(error, Math.abs(got.loss - expected.loss) / Math.max(1e-2, Math.abs(expected.loss))),
        EXACT,
        `same weights, same answers, same reference: only the order of float32 sums differs (largest in ${where || 'none'})`,
      ),
    );
  }
  await equalsReference(context, { loss: use });
};
