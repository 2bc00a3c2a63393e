import { type TechniqueCheck, within } from '../../runner/checks/context';
import { gradientsOf, NONE, STANDARD } from '../../runner/checks/gradients';
import { withSlots } from '../../runner/proxy';
import { createTrainer } from '../../runner/trainer';
import { recipeOf } from '../recipe-of';

/** A pass that keeps nothing has the loss of one that is differentiated, and the lower peak. */
export const check: TechniqueCheck = async (context) => {
  const { opened, plan, batch, weights, seed, report } = context;
  const standard = await gradientsOf(context, withSlots(plan, STANDARD), batch, weights);
  const alone = withSlots(plan, { optimizer: NONE, backward: { name: 'forward-only', args: {} } });
  const trainer = await createTrainer(opened, recipeOf(alone), weights, seed);
  try {
    const loss = await trainer.step(0, batch, 0);
    report(
      within(
        'loss against the one that is differentiated, relative',
        Math.abs(loss - standard.loss) / standard.loss,
        1e-6,
        'the same kernels on the same numbers; the stated loss may sum in another order',
      ),
    );
  } finally {
    trainer.destroy();
  }
};
