/** Trains one configuration for the steps of a run, and says its losses, its time per step and its bytes. */
import { readFileSync } from 'node:fs';
import type { Plan } from '../plan/types';
import { recipeOf } from '../techniques/recipe-of';
import type { Emit } from './checks/context';
import { within } from './checks/context';
import { NONE } from './checks/gradients';
import { batchAt } from './data';
import type { Opened } from './device';
import { RunnerError } from './errors';
import { withSlots } from './proxy';
import { createTrainer, type Trainer } from './trainer';
import type { WeightSource } from './weights';

export interface Training {
  opened: Opened;
  plan: Plan;
  label: string;
  weights: WeightSource;
  text: Uint8Array;
  steps: number;
  seed: number;
  learningRate: number;
  emit: Emit;
  /** Called before each step, so that a run can be given up. */
  alive(): void;
}

/** Loss on one batch of the held-out tenth of the text. */
async function heldOutLoss(training: Training, weights: WeightSource): Promise<number> {
  const { plan, opened, text, seed } = training;
  const trainer = await createTrainer(opened, recipeOf(withSlots(plan, { optimizer: NONE, activations: null })), weights, seed);
  try {
    return await trainer.step(0, batchAt(text, -1, seed, plan.batch, plan.sequence, plan.model.vocab), 0);
  } finally {
    trainer.destroy();
  }
}

/** Trained weights of a run by name and layer; what did not train is as it was. */
async function trainedWeights(trainer: Trainer, source: WeightSource): Promise<WeightSource> {
  const kept = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { weight, layer } of trainer.trained) kept.set(`${weight.name}@${layer}`, await trainer.weight(weight.name, layer));
  return (weight, layer) => kept.get(`${weight.name}@${layer}`) ?? source(weight, layer);
}

/** Errors: `nan` where a loss is no number. */
export async function train(training: Training): Promise<WeightSource> {
  const { opened, plan, label, text, steps, seed, learningRate, emit, alive } = training;
  const recipe = recipeOf(plan);
  opened.counter.reset();
  const before = opened.counter.live();
  const trainer = await createTrainer(opened, recipe, training.weights, seed);
  const { program } = trainer;
  const times: number[] = [];
  let weights: WeightSource;
  try {
    for (let step = 0; step < steps; step++) {
      alive();
      const batch = batchAt(text, step, seed, plan.batch, plan.sequence, plan.model.vocab);
      const start = performance.now();
      const loss = await trainer.step(step, batch, learningRate);
      times.push((performance.now() - start) / 1000);
      if (!Number.isFinite(loss)) {
        // The step is repeated op by op on what it left; what was no number then still is.
        const valid = batch.targets.length;
        const where = await program.firstNonFinite({ index: step, seed, learningRate, valid });
        throw new RunnerError(
          'nan',
          `The loss of ${label} is no number in step ${step + 1}: ${where ? `first seen in ${where}` : 'no single op holds one'}. A smaller learning-rate may help.`,
        );
      }
      emit({ type: 'loss', label, step: step + 1, loss });
      emit({ type: 'progress', stage: `training ${label}`, done: step + 1, total: steps });
    }
    const buffers = opened.counter.peak() - before;
    const resident = opened.software ? residentPeak() : undefined;
    const { live, arena, buffers: wanted } = program.predicted;
    emit({ type: 'memory', label: `${label}: live tensors`, predicted: live, measured: program.highWater() });
    emit({
      type: 'memory',
      label: `${label}: GPU buffers`,
      predicted: wanted,
      measured: buffers,
      ...(resident === undefined ? {} : { process: resident }),
    });
    const why = `simulated tape against the arena's books and the device's buffers; arena ${arena} bytes for a live peak of ${live}`;
    emit({
      type: 'check',
      technique: 'memory',
      ...within(
        `counted less predicted peak bytes, ${label}`,
        Math.abs(program.highWater() - live) + Math.abs(buffers - wanted),
        0,
        why,
        'bytes',
      ),
    });
    emit({ type: 'timing', label, step: median(times.slice(1)), steps: times.length });
    weights = await trainedWeights(trainer, training.weights);
  } finally {
    trainer.destroy();
  }
  const [first, last] = [await heldOutLoss(training, training.weights), await heldOutLoss(training, weights)];
  // A batch's worth of noise is below 1 %; an optimizer that walks the wrong way, or not at all, does not pass.
  const limit = plan.slots.train && plan.slots.train.name !== 'full' ? 0.995 : 0.97;
  emit({
    type: 'check',
    technique: label,
    ...within(
      `held-out loss after ${steps} steps over before, ${first.toFixed(3)} to ${last.toFixed(3)}`,
      last / first,
      limit,
      'the same batch of the text’s last tenth, which no step trained on, before and after',
    ),
  });
  return weights;
}

/** Highest resident bytes of this process, where the system says it. Software drivers keep their buffers there. */
export function residentPeak(): number | undefined {
  try {
    const line = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return line ? Number(line[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

const median = (values: readonly number[]): number => {
  const order = [...values].sort((a, b) => a - b);
  return order.length === 0 ? 0 : ((order[(order.length - 1) >> 1] as number) + (order[order.length >> 1] as number)) / 2;
};
