/**
 * How the cost of a step grows: time and bytes against sequence, layers, width and vocabulary, each doubled four times, beside the
 * tape's own operations and bytes; what recording costs; how a run starts; whether memory stays flat.
 */
import shipped from '../../media/examples/corpus.txt';
import type { Plan } from '../../src/plan/types';
import { batchAt } from '../../src/runner/data';
import { type Opened, openDevice } from '../../src/runner/device';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { recipeOf } from '../../src/techniques/recipe-of';
import { chosenParts, onEachDriver } from './parts/drivers';
import { planOf } from './parts/plans';
import { fastest, heading, judged, mebibytes, row } from './parts/table';

declare const gc: () => void;

const text = new TextEncoder().encode(shipped);
const RATE = 1e-3;
const SEED = 3;
const DOUBLINGS = 4;

const BASE = { layers: 2, hidden: 64, ffn: 160, vocab: 256, sequence: 64 };
type Sizes = typeof BASE;
/** Width takes the feed-forward with it; a head stays 32 wide. */
const AXES: { [axis: string]: (times: number) => Sizes } = {
  sequence: (times) => ({ ...BASE, sequence: BASE.sequence * times }),
  layers: (times) => ({ ...BASE, layers: BASE.layers * times }),
  width: (times) => ({ ...BASE, hidden: BASE.hidden * times, ffn: BASE.ffn * times }),
  vocabulary: (times) => ({ ...BASE, vocab: BASE.vocab * times }),
};

function planFor({ layers, hidden, ffn, vocab, sequence }: Sizes): Plan {
  const heads = hidden / 32;
  const model = { layers, hidden, heads, kvHeads: heads, headDim: 32, ffn, vocab };
  return planOf('scale', { optimizer: { name: 'adamw', args: {} } }, model, { batch: 1, sequence });
}

interface Measured {
  seconds: number;
  flops: number;
  predicted: number;
  counted: number;
  dispatches: number;
  /** Seconds until a step's commands are all recorded and submitted. */
  recording: number;
}

/**
 * Steps that are timed, and others whose recording is: so many at least, and more until so many milliseconds are over. Threads of a
 * software driver take the cores from the one that records, so that it takes more of them to find it undisturbed.
 */
const STEPS = { timed: 3, recorded: 8, milliseconds: 500 };
const isEnough = (steps: number, begun: number, least: number): boolean =>
  steps >= least && performance.now() - begun >= STEPS.milliseconds;

async function measure(opened: Opened, plan: Plan): Promise<Measured> {
  const before = opened.counter.live();
  opened.counter.reset();
  const trainer = await createTrainer(opened, recipeOf(plan), initialWeights(plan.model, SEED), SEED);
  const { program } = trainer;
  const times: number[] = [];
  const recordings: number[] = [];
  // The first compiles.
  await trainer.step(0, batchAt(text, 0, SEED, 1, plan.sequence, plan.model.vocab), RATE);
  for (let step = 1, begun = performance.now(); !isEnough(times.length, begun, STEPS.timed); step++) {
    const batch = batchAt(text, step, SEED, 1, plan.sequence, plan.model.vocab);
    const start = performance.now();
    await trainer.step(step, batch, RATE);
    times.push(performance.now() - start);
  }
  for (let step = 0, begun = performance.now(); !isEnough(recordings.length, begun, STEPS.recorded); step++) {
    const start = performance.now();
    const done = program.step({ index: step, seed: SEED, learningRate: RATE, valid: plan.sequence });
    recordings.push(performance.now() - start);
    await done;
  }
  const counted = opened.counter.peak() - before;
  const measured = {
    seconds: fastest(times) / 1000,
    flops: program.linear.ops.reduce((sum, op) => sum + (op.node.flops ?? 0), 0),
    predicted: program.predicted.buffers,
    counted,
    dispatches: program.dispatches,
    recording: fastest(recordings) / 1000,
  };
  trainer.destroy();
  return measured;
}

async function growth(opened: Opened): Promise<void> {
  heading('a step against one size, doubled four times: time, the tape’s operations, bytes counted');
  for (const [axis, sizes] of Object.entries(AXES)) {
    const all: Measured[] = [];
    for (let doubling = 0; doubling <= DOUBLINGS; doubling++) {
      const one = await measure(opened, planFor(sizes(2 ** doubling)));
      all.push(one);
      row(
        `  ${axis} × ${2 ** doubling}`,
        `${(one.seconds * 1000).toFixed(1)} ms  ${(one.flops / 1e9).toFixed(3)} GFLOP  ${mebibytes(one.counted)}`,
        `${(one.flops / one.seconds / 1e9).toFixed(2)} GFLOP/s, ${one.dispatches} dispatches, ${((one.recording / one.dispatches) * 1e6).toFixed(1)} µs to record each`,
      );
    }
    const [first, last] = [all[0], all[DOUBLINGS]] as [Measured, Measured];
    judged(`${axis}: growth of time over growth of operations`, last.seconds / first.seconds / (last.flops / first.flops), ' ×', {
      most: 1.25,
    });
    const rates = all.map((one) => one.flops / one.seconds);
    // Attention's operations and the products' do not take the same time: this one says how far apart they are.
    row(
      `${axis}: time of an operation at the largest size over the best of all`,
      `${(Math.max(...rates) / (rates[DOUBLINGS] as number)).toFixed(2)} ×`,
    );
    judged(
      `${axis}: bytes counted over the tape’s, largest`,
      Math.max(...all.map((one) => one.counted / one.predicted)),
      ' ×',
      { most: 1 },
      4,
    );
    judged(
      `${axis}: recording a dispatch`,
      Math.max(...all.map((one) => (one.recording / one.dispatches) * 1e6)),
      ' µs',
      { most: 50 },
      1,
    );
  }
}

/** The proxy of the long-context example, plain: device, programs, weights and a first step, when the driver has compiled it before. */
async function start(opened: Opened): Promise<void> {
  heading('start of a run, the first step included');
  const plan = planOf('start', { optimizer: { name: 'adamw', args: {} } }, { kvHeads: 2 }, { batch: 2, sequence: 512 });
  const batch = batchAt(text, 0, SEED, 2, 512, 256);
  const once = async (device: Opened) => {
    const trainer = await createTrainer(device, recipeOf(plan), initialWeights(plan.model, SEED), SEED);
    await trainer.step(0, batch, RATE);
    const from = performance.now();
    await trainer.step(1, batch, RATE);
    const step = performance.now() - from;
    trainer.destroy();
    return step;
  };
  const first = performance.now();
  await once(opened);
  row('this process’s first', `${((performance.now() - first) / 1000).toFixed(2)} s`);
  const begun = performance.now();
  const again = await openDevice(opened.software ? 'software' : 'gpu');
  const step = await once(again);
  // Two steps ran; what is left is the start.
  judged(
    'a new device, with the driver’s cache warm, without the steps’ own time',
    (performance.now() - begun - 2 * step) / 1000,
    ' s',
    { most: 2 },
  );
}

async function flat(opened: Opened): Promise<void> {
  const steps = 1000;
  heading(`memory over ${steps} steps`);
  const plan = planOf(
    'flat',
    { optimizer: { name: 'adamw', args: {} } },
    { layers: 1, hidden: 32, heads: 2, kvHeads: 2, headDim: 16, ffn: 48 },
    { batch: 1, sequence: 16 },
  );
  const trainer = await createTrainer(opened, recipeOf(plan), initialWeights(plan.model, SEED), SEED);
  const reading = () => {
    gc();
    const { heapUsed, rss } = process.memoryUsage();
    return { heapUsed, rss, buffers: opened.counter.live() };
  };
  let before = reading();
  for (let step = 0; step < steps; step++) {
    // The first hundred fill the driver's own pools.
    if (step === 100) before = reading();
    await trainer.step(step, batchAt(text, step, SEED, 1, 16, 256), RATE);
  }
  const after = reading();
  trainer.destroy();
  judged('GPU buffers grew by', after.buffers - before.buffers, ' bytes', { most: 0 }, 0);
  judged('the heap grew by', (after.heapUsed - before.heapUsed) / 2 ** 20, ' MiB', { most: 1 });
  judged('the process grew by', (after.rss - before.rss) / 2 ** 20, ' MiB', { most: 16 });
}

await onEachDriver((opened) => chosenParts(opened, { start, growth, flat }));
