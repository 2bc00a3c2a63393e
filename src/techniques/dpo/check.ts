import { scorerOf, toAnswers } from '../../runner/answers';
import { equalsOneBatch } from '../../runner/checks/accumulate';
import { type TechniqueCheck, within } from '../../runner/checks/context';
import { EXACT, equalsReference, gradientsOf, NONE, STANDARD, withAdapters, worst } from '../../runner/checks/gradients';
import { withSlots } from '../../runner/proxy';
import { initialWeights } from '../../runner/weights';
import { recipeOf } from '../recipe-of';

/**
 * Whole, in chunks and streamed the gradients are the same, and so they are with the reference run beforehand and in the step; at small
 * size they are those of double precision and of finite differences.
 */
export const check: TechniqueCheck = async (context) => {
  const { opened, plan, use, seed } = context;
  const before = { ...use, args: { ...use.args, reference: 'precomputed', chunk: 0 } };
  const whole = withSlots(plan, { ...STANDARD, loss: before });
  const { objective } = recipeOf(whole).webgpu;
  if (!objective) throw new Error(`${use.name} has no objective`);
  const weights = withAdapters(context.weights, seed);
  // The reference is another model than the policy, as it is once the policy has learnt something.
  const without = use.args.reference === 'adapters-off';
  const reference = without ? context.weights : withAdapters(initialWeights(plan.model, seed + 1), seed);
  const scorer = await scorerOf(
    opened,
    without ? withSlots(whole, { train: { name: 'frozen', args: {} } }) : whole,
    reference,
    seed,
  );
  const batch = await scorer.score(toAnswers(objective, context.batch, plan, seed)).finally(() => scorer.destroy());
  const expected = await gradientsOf(context, whole, batch, weights);
  const chunk = Math.max(1, Math.floor(plan.sequence / 3));
  const forms: [string, Parameters<typeof withSlots>[1]][] = [
    ['chunks of logits', { loss: { ...before, args: { ...before.args, chunk: chunk * plan.batch } } }],
    ['StreamBP', { backward: { name: 'streambp', args: { chunk, logits: chunk * plan.batch } } }],
    ['checkpoints', { backward: { name: 'checkpoint', args: {} } }],
  ];
  if (without || use.args.reference === 'model') forms.push(['a reference that runs in the step', { loss: use }]);
  for (const [name, slots] of forms) {
    const got = await gradientsOf({ ...context, reference }, withSlots(whole, { ...slots, optimizer: NONE }), batch, weights);
    const { error, where, parameters } = worst(expected.values, got.values);
    context.report(
      within(
        `loss and gradients of ${parameters} parameters by ${name} against all at once, the reference run beforehand`,
        Math.max(error, Math.abs(got.loss - expected.loss) / Math.max(1e-2, Math.abs(expected.loss))),
        EXACT,
        `same weights, same answers, same reference: only the order of float32 sums differs (largest in ${where || 'none'})`,
      ),
    );
  }
  // Masks of dropout are drawn for each micro-batch.
  const train = plan.slots.train && { ...plan.slots.train, args: { ...plan.slots.train.args, dropout: 0 } };
  if (plan.accumulate > 1) await equalsOneBatch({ ...context, plan: train ? withSlots(whole, { train }) : whole, batch });
  await equalsReference(context, { loss: { ...use, args: { ...use.args, reference: before.args.reference } } });
};
