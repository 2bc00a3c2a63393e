import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { NONE, smallCase } from '../../runner/checks/gradients';
import { withSlots } from '../../runner/proxy';
import { normal } from '../../runner/reference/random';
import { relativeToChange } from '../../runner/reference/relative';
import { createTrainer, type Trainer } from '../../runner/trainer';
import { keyOf } from '../../tape/linear';
import { align } from '../../tape/webgpu/rules';
import { recipeOf } from '../recipe-of';
import { directionOf } from './run';

const RATE = 0.01;

/** The direction of one weight, as the device draws it in the first step. */
function direction(trainer: Trainer, seed: number): (name: string, layer: number | undefined, index: number) => number {
  const names = [...new Set(trainer.trained.map(({ weight }) => weight.name))];
  const state = { index: 0, seed, learningRate: 0, valid: 1 };
  return (name, layer, index) => normal(directionOf(layer, names.indexOf(name))(state) >>> 0, index);
}

/** The slope along the direction, the update and the way back against double precision; the peak against inference. */
export const check: TechniqueCheck = async (context) => {
  await estimate(context);
  await peak(context);
};

async function estimate(context: CheckContext): Promise<void> {
  const { opened, seed, report } = context;
  const epsilon = Number(context.use.args.eps);
  const { plan, batch, source, stored, reference } = smallCase(context, { optimizer: context.use });
  const step = async (rate: number) => {
    const trainer = await createTrainer(opened, recipeOf(plan), source, seed);
    try {
      await trainer.step(0, batch, rate);
      const [slope = Number.NaN] = new Float32Array(await trainer.program.read(trainer.program.find('directional')));
      const drawn = direction(trainer, seed);
      const weights: { key: string; before: Float64Array<ArrayBuffer>; z: Float64Array; after: Float32Array }[] = [];
      for (const { weight, layer } of trainer.trained) {
        const before = Float64Array.from(source(weight, layer));
        const z = before.map((_, index) => drawn(weight.name, layer, index));
        weights.push({ key: keyOf(weight.name, layer), before, z, after: await trainer.weight(weight.name, layer) });
      }
      return { slope, weights };
    } finally {
      trainer.destroy();
    }
  };
  const { slope, weights } = await step(RATE);
  const lossAt = (length: number): number => {
    const moved = new Map(stored);
    for (const { key, before, z } of weights)
      moved.set(
        key,
        before.map((w, i) => w + length * (z[i] as number)),
      );
    return reference(moved).loss;
  };
  const wanted = (lossAt(epsilon) - lossAt(-epsilon)) / (2 * epsilon);
  const gradients = reference(stored).gradients();
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  const along = weights.reduce((sum, { key, z }) => sum + dot(gradients.get(key) ?? [], z), 0);
  const length = Math.sqrt(weights.reduce((sum, { key }) => sum + dot(gradients.get(key) ?? [], gradients.get(key) ?? []), 0));
  report(
    within(
      'slope along the direction against two float64 losses, over the length of the gradient',
      Math.abs(slope - wanted) / length,
      Math.max(1e-3, 2e-6 / epsilon),
      'float32 rounds a loss near 5 by 3e-7 and weights by 6e-8 of themselves; divided by twice the perturbation',
    ),
  );
  const count = weights.reduce((sum, { z }) => sum + z.length, 0);
  report(
    within(
      'slope along the direction against the float64 gradient, over the length of the gradient',
      Math.abs(slope - along) / length,
      // A cubic term on a step of length eps · √parameters, a curve of the loss near one in each parameter's direction.
      Math.max(0.05, epsilon * epsilon * count),
      `a central difference over ${count} parameters: its error falls with the square of the perturbation`,
    ),
  );
  const off = weights.map(({ before, z, after }) =>
    relativeToChange(
      after,
      before.map((w, i) => w - RATE * slope * (z[i] as number)),
      before,
    ),
  );
  report(
    within(
      `${count} weights after a step against float64`,
      Math.max(...off),
      2e-3,
      'largest difference over the largest change; WGSL bounds a cosine by 5e-4, and three moves round a weight of 1 by 1e-7 each',
    ),
  );
  const still = await step(0);
  const drift = still.weights.flatMap(({ before, z, after }) =>
    Array.from(after, (w, i) => {
      const unit = 2 ** -23 * (Math.abs(before[i] as number) + epsilon * Math.abs(z[i] as number)) + 2 ** -126;
      return Math.abs(w - (before[i] as number)) / unit;
    }),
  );
  report(
    within(
      'weights at rate 0 after moving to, fro and back, furthest from where they were',
      drift.reduce((high, value) => (value <= high ? high : Number.isFinite(value) ? value : Number.MAX_VALUE), 0),
      2,
      'three sums, each rounded by half a unit in the last place of |w| + eps · |z|',
      'units in the last place',
    ),
  );
}

/** Most bytes of a step over those of a forward pass that learns nothing. */
async function peak({ opened, plan, batch, weights, seed, report }: CheckContext): Promise<void> {
  const highest = async (of: typeof plan) => {
    const trainer = await createTrainer(opened, recipeOf(of), weights, seed);
    try {
      await trainer.step(0, batch, 0);
      return trainer.program.highWater();
    } finally {
      trainer.destroy();
    }
  };
  const learning = await highest(plan);
  const inference = await highest(withSlots(plan, { optimizer: NONE, backward: { name: 'forward-only', args: {} } }));
  report(
    within(
      `peak bytes of ${learning} over those of inference, ${inference}`,
      learning - inference,
      align(4 * plan.batch * plan.sequence) + align(4),
      'the second loss of each row and the slope: no gradient, no state, no direction is kept',
      'bytes',
    ),
  );
}
