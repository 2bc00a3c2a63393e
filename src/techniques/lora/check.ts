import { type TechniqueCheck, within } from '../../runner/checks/context';
import { equalsReference, STANDARD } from '../../runner/checks/gradients';
import { withSlots } from '../../runner/proxy';
import { createTrainer } from '../../runner/trainer';
import { recipeOf } from '../recipe-of';

/** An adapter at its start changes nothing, only adapters learn, and their gradients are right. */
export const check: TechniqueCheck = async (context) => {
  const { opened, plan, batch, weights, seed, report } = context;
  const lossOf = async (changes: Parameters<typeof withSlots>[1]) => {
    const trainer = await createTrainer(opened, recipeOf(withSlots(plan, { ...STANDARD, ...changes })), weights, seed);
    try {
      const loss = await trainer.step(0, batch, 0);
      const gradients = trainer.program.linear.storages.filter(({ name }) => name.endsWith('.gradient'));
      return { loss, gradients: gradients.map(({ name }) => name), trained: trainer.trained };
    } finally {
      trainer.destroy();
    }
  };
  const adapted = await lossOf({});
  const bare = await lossOf({ train: { name: 'lora', args: { ...context.use.args, targets: [] } } });
  report(
    within(
      'loss with adapters at their start less loss without any',
      Math.abs(adapted.loss - bare.loss),
      0,
      'the second matrix starts at zero, so that the product adds exactly nothing',
    ),
  );
  const others = adapted.gradients.filter((name) => !name.includes('.lora_'));
  report(
    within(
      `gradients held for other weights than the ${adapted.trained.length} of adapters`,
      others.length,
      0,
      'a frozen matrix has neither a gradient nor a state',
      'tensors',
    ),
  );
  await equalsReference(context, {});
};
