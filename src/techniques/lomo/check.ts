import { type TechniqueCheck, within } from '../../runner/checks/context';
import { withSlots } from '../../runner/proxy';
import { createTrainer } from '../../runner/trainer';
import { recipeOf } from '../recipe-of';

/** Updating inside backward leaves the weights that updating after it leaves, with one layer's gradients in place of all. */
export const check: TechniqueCheck = async ({ opened, plan, batch, weights, seed, report }) => {
  const trained = async (optimizer: { name: string; args: Record<string, never> }) => {
    const trainer = await createTrainer(opened, recipeOf(withSlots(plan, { optimizer, activations: null })), weights, seed);
    try {
      await trainer.step(0, batch, 0.1);
      const values = new Map<string, Float32Array>();
      for (const { weight, layer } of trainer.trained)
        values.set(`${weight.name}@${layer}`, await trainer.weight(weight.name, layer));
      return { values, peak: trainer.program.highWater() };
    } finally {
      trainer.destroy();
    }
  };
  const lomo = await trained({ name: 'lomo', args: {} });
  const sgd = await trained({ name: 'sgd', args: {} });
  let apart = 0;
  for (const [name, values] of lomo.values)
    values.forEach((value, i) => {
      const difference = Math.abs(value - (sgd.values.get(name)?.[i] ?? Number.NaN));
      apart = difference <= apart ? apart : Number.isFinite(difference) ? difference : Number.MAX_VALUE;
    });
  report(
    within(
      'largest difference of a weight to gradient descent after backward',
      apart,
      0,
      'the same kernels on the same numbers: only the moment differs',
    ),
  );
  report(
    within('peak bytes over those of gradient descent after backward', lomo.peak / sgd.peak, 1, 'gradients end layer by layer'),
  );
};
