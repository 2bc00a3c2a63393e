/** Where the time of a step goes, kernel by kernel. The step that is timed is one by itself, beside those whose time is told. */
import type { RunEvent } from '../protocol';
import type { LinearOp } from '../tape/linear';
import { classOf, type Peaks, runsAStep, secondsAtPeaks } from '../tape/op-class';
import { startClock } from './clock';
import type { Opened } from './device';
import type { StepState } from './ops/bind';
import type { Program } from './program';

type Kernels = Extract<RunEvent, { type: 'kernels' }>;
type Times = ReadonlyMap<LinearOp, number>;

/** Submits of nothing that are timed, to know what waiting itself takes. */
const EMPTY_WAITS = 9;

/**
 * Times each op of a step: by the GPU's clock, and where it has none that makes sense by submitting each op alone and waiting for it.
 * Ops that run every so many steps run in this one when its index is 0.
 */
export async function profile(
  opened: Opened,
  program: Program,
  state: StepState,
): Promise<{ method: Kernels['method']; times: Times }> {
  const times = opened.features.includes('timestamp-query') ? await byClock(opened, program, state) : null;
  return times ? { method: 'timestamps', times } : { method: 'waits', times: await byWaits(opened, program, state) };
}

/** Null where the passes together would have taken longer than the step did. */
async function byClock({ device }: Opened, program: Program, state: StepState): Promise<Times | null> {
  const clock = startClock(device);
  try {
    await device.queue.onSubmittedWorkDone();
    const start = performance.now();
    await program.step(state, clock);
    const wall = (performance.now() - start) / 1000;
    const times = await clock.read();
    return times && sum(times.values()) <= wall ? times : null;
  } finally {
    clock.destroy();
  }
}

async function byWaits({ device }: Opened, program: Program, state: StepState): Promise<Times> {
  await device.queue.onSubmittedWorkDone();
  const waits: number[] = [];
  for (let turn = 0; turn < EMPTY_WAITS; turn++) {
    const start = performance.now();
    device.queue.submit([device.createCommandEncoder().finish()]);
    await device.queue.onSubmittedWorkDone();
    waits.push(performance.now() - start);
  }
  const wait = Math.min(...waits);
  const times = new Map<LinearOp, number>();
  let start = performance.now();
  await program.watch(state, async (op, words) => {
    await device.queue.onSubmittedWorkDone();
    // An op without words has no kernel.
    if (words.size > 0) times.set(op, Math.max(0, performance.now() - start - wait) / 1000);
    start = performance.now();
  });
  return times;
}

/** Ops by kernel, the longest first: seconds of a step, of rarer ops their share, beside those at the card's peaks. */
export function byKernel(times: Times, peaks: Peaks): Kernels['kernels'] {
  const kernels = new Map<string, Kernels['kernels'][number]>();
  for (const [{ node }, seconds] of times) {
    const runs = runsAStep(node);
    const kernel = kernels.get(node.op) ?? { name: node.op, class: classOf(node), calls: 0, seconds: 0, atPeaks: 0 };
    kernel.calls += runs;
    kernel.seconds += runs * seconds;
    kernel.atPeaks += runs * secondsAtPeaks(node, peaks);
    kernels.set(node.op, kernel);
  }
  return [...kernels.values()].sort((a, b) => b.seconds - a.seconds);
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
