/** Trains one configuration for the steps of a run, and says its losses, its time per step and its bytes. */
import { findDevice } from '../plan/presets/devices';
import type { Plan } from '../plan/types';
import type { Recipe } from '../tape/recipe';
import { recipeOf } from '../techniques/recipe-of';
import { scorerOf, toAnswers } from './answers';
import { underCaps } from './checks/cap';
import type { Emit } from './checks/context';
import { within } from './checks/context';
import { NONE } from './checks/gradients';
import { type Batch, batchAt } from './data';
import type { Opened } from './device';
import { RunnerError } from './errors';
import { heldOutLimit, mostRise } from './learning';
import { firstNonFinite } from './non-finite';
import { processBytes } from './process-bytes';
import { byKernel } from './profile';
import type { Predicted } from './program';
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
  /** Batches of answers by step, with what the reference gives them; absent where the plan learns from text alone. */
  answers?: ReadonlyMap<number, Batch>;
}

/** Every batch of a run over answers, scored by the weights that the run starts with; the reference is gone before training begins. */
async function withAnswers(training: Training): Promise<Training> {
  const { opened, plan, weights, seed, steps, alive } = training;
  const { objective } = recipeOf(plan).webgpu;
  if (!objective) return training;
  const scorer = await scorerOf(opened, plan, weights, seed);
  const answers = new Map<number, Batch>();
  try {
    for (let step = -1; step < steps; step++) {
      alive();
      answers.set(step, await scorer.score(toAnswers(objective, batchOf(training, step), plan, seed + step)));
    }
  } finally {
    scorer.destroy();
  }
  return { ...training, answers };
}

/** Mean loss over the batches of some steps; step −1 is of the held-out tenth of the text. */
async function lossOn(training: Training, weights: WeightSource, steps: readonly number[]): Promise<number> {
  const { plan, opened, seed } = training;
  const trainer = await createTrainer(opened, recipeOf(withSlots(plan, { optimizer: NONE, activations: null })), weights, seed, {
    reference: training.weights,
  });
  try {
    let sum = 0;
    for (const step of steps) sum += await trainer.step(0, batchOf(training, step), 0);
    return sum / steps.length;
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

/** Highest bytes of a step: live tensors by simulation and by the arena's books, and all buffers as the device made them. */
export interface StepBytes {
  predicted: number;
  counted: number;
  buffers: number;
}

/** The batch of a run's first step. */
export const firstBatch = async (training: Training): Promise<Batch> => batchOf(await withAnswers({ ...training, steps: 1 }), 0);

/** The trained weights, and what a step took. Errors: `nan` where a loss is no number. */
export async function train(asked: Training): Promise<{ weights: WeightSource; bytes: StepBytes }> {
  const training = await withAnswers(asked);
  const { opened, plan, label, steps, seed, learningRate, emit, alive } = training;
  const recipe = recipeOf(plan);
  opened.counter.reset();
  const before = opened.counter.live();
  const trainer = await createTrainer(opened, recipe, training.weights, seed);
  const { program } = trainer;
  const times: number[] = [];
  const losses: number[] = [];
  let weights: WeightSource;
  let bytes: StepBytes;
  try {
    for (let step = 0; step < steps; step++) {
      alive();
      const batch = batchOf(training, step);
      const start = performance.now();
      const loss = await trainer.step(step, batch, learningRate);
      times.push((performance.now() - start) / 1000);
      if (!Number.isFinite(loss)) throw await noNumber(training, step);
      losses.push(loss);
      emit({ type: 'loss', label, step: step + 1, loss });
      emit({ type: 'progress', stage: `training ${label}`, done: step + 1, total: steps });
    }
    const buffers = opened.counter.peak() - before;
    const resident = await processBytes(opened.software, opened.vendor);
    const { live, arena, buffers: wanted } = program.predicted;
    bytes = { predicted: live, counted: program.highWater(), buffers };
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
    const { method, times: ofOps } = await trainer.profile(batchOf(training, 0));
    const { name: device, flops32: flops, bandwidth } = findDevice(opened.name) ?? plan.device;
    emit({ type: 'kernels', label, method, peaks: { device, flops, bandwidth }, kernels: byKernel(ofOps, { flops, bandwidth }) });
  } finally {
    trainer.destroy();
  }
  alive();
  await proveCaps(training, recipe, program.predicted, losses);
  const signed = recipe.webgpu.objective?.kind === 'grpo';
  const judged = signed ? batchesOf(steps) : [-1];
  const [first, last] = [await lossOn(training, training.weights, judged), await lossOn(training, weights, judged)];
  emit({
    type: 'check',
    technique: label,
    ...learned(plan, signed, steps, first, last),
  });
  return { weights, bytes };
}

/** The last batches of a run, as many as a loss is judged by where no single one will do. */
const batchesOf = (steps: number): number[] => Array.from({ length: Math.min(steps, 8) }, (_, back) => steps - 1 - back);

/**
 * That the steps went the right way. Advantages lie on both sides of zero, and so does a loss that is `signed` by them: of it only the
 * difference means something, and only over the answers that were learnt from, as others may all be worse than usual.
 */
function learned(plan: Plan, signed: boolean, steps: number, first: number, last: number): ReturnType<typeof within> {
  return signed
    ? within(
        `loss over the last ${batchesOf(steps).length} batches after ${steps} steps less before, ${first.toFixed(4)} to ${last.toFixed(4)}`,
        last - first,
        mostRise(plan),
        'the same answers before and after, at a rate that keeps most ratios of probabilities within the clip',
      )
    : within(
        `held-out loss after ${steps} steps over before, ${first.toFixed(3)} to ${last.toFixed(3)}`,
        last / first,
        heldOutLimit(plan),
        'the same batch of the text’s last tenth, which no step trained on, before and after',
      );
}

/** Says whether what was predicted is enough, whether one block less is refused, and whether the same seed gives the same losses. */
async function proveCaps(training: Training, recipe: Recipe, predicted: Predicted, losses: readonly number[]): Promise<void> {
  const { opened, label, weights, seed, learningRate, emit } = training;
  const batches = losses.slice(0, 2).map((_, step) => batchOf(training, step));
  const { again, wrong } = await underCaps({ opened, recipe, weights, seed, learningRate, batches, predicted });
  const { live, arena } = predicted;
  emit({
    type: 'check',
    technique: 'memory',
    ...within(
      `of 3 capped runs, those that did not go as predicted, ${label}`,
      wrong,
      0,
      `under a cap of ${live} live bytes and ${arena} of arena, as predicted, the steps run; with either one block of 256 bytes lower they are refused`,
      'runs',
    ),
  });
  const apart = batches.map((_, step) => Math.abs((again[step] ?? Number.NaN) - (losses[step] as number)));
  emit({
    type: 'check',
    technique: label,
    ...within(
      `losses of the first ${batches.length} steps, run again with the same seed`,
      apart.every(Number.isFinite) ? Math.max(...apart) : Number.MAX_VALUE,
      0,
      'the same kernels on the same numbers in the same order: the same bits',
    ),
  });
}

/** What to say of a loss that is no number: the run is repeated to the step before, and from there on every op is watched. */
async function noNumber(training: Training, step: number): Promise<RunnerError> {
  const { opened, plan, label, weights, seed, learningRate, alive } = training;
  const trainer = await createTrainer(opened, recipeOf(plan), weights, seed);
  try {
    let found: { op: string; step: number } | null = null;
    for (let index = 0; index <= step && !found; index++) {
      alive();
      const batch = batchOf(training, index);
      if (index < step - 1) await trainer.step(index, batch, learningRate);
      else {
        const op = await firstNonFinite(trainer, index, batch, learningRate);
        if (op !== null) found = { op, step: index };
      }
    }
    const where = found ? `it first appeared in ${found.op}, step ${found.step + 1}` : 'no single op shows it when run alone';
    return new RunnerError(
      'nan',
      `The loss of ${label} is no number in step ${step + 1}: ${where}. A smaller learning-rate may help.`,
    );
  } finally {
    trainer.destroy();
  }
}

/** The batch of a step, of answers where the plan is trained on them. */
const batchOf = ({ plan, text, seed, answers }: Training, step: number): Batch =>
  answers?.get(step) ?? batchAt(text, step, seed, plan.batch, plan.sequence, plan.model.vocab, plan.accumulate);

const median = (values: readonly number[]): number => {
  const order = [...values].sort((a, b) => a - b);
  return order.length === 0 ? 0 : ((order[(order.length - 1) >> 1] as number) + (order[order.length >> 1] as number)) / 2;
};
