/** Kernels by time: every op of a step is timed once, whichever way, and rare ones count their share. */
import { describe, expect, it } from 'vitest';
import { secondsOf } from '../../src/runner/clock';
import { batchAt } from '../../src/runner/data';
import { byKernel } from '../../src/runner/profile';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import type { LinearOp } from '../../src/tape/linear';
import type { OpNode } from '../../src/tape/types';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

const opOf = (op: string, flops: number, moved: number, attrs: OpNode['attrs'] = {}): LinearOp => ({
  node: { kind: 'op', op, label: op, reads: [], writes: [], allocs: [], frees: [], flops, moved, attrs },
  phase: 'forward',
  layer: undefined,
  path: [],
  micro: undefined,
  reads: [],
  writes: [],
  temps: [],
  allocs: [],
  frees: [],
});

describe('pairs of timestamps', () => {
  const [a, b] = [opOf('matmul', 1, 1), opOf('add', 0, 1)];
  it('add up by op: one that was cut by a submit has several passes', () => {
    const seconds = secondsOf([a, b, a], new BigUint64Array([0n, 500n, 600n, 700n, 1_000n, 3_000n]));
    expect(seconds?.get(a)).toBeCloseTo(2.5e-6, 12);
    expect(seconds?.get(b)).toBeCloseTo(1e-7, 12);
  });
  it('that run backwards, or that nobody wrote, are no times', () => {
    expect(secondsOf([a, b], new BigUint64Array([0n, 500n, 700n, 600n]))).toBeNull();
    expect(secondsOf([a, b], new BigUint64Array(4))).toBeNull();
  });
});

it('kernels add up their ops, the longest first; what runs in every fourth step counts a quarter', () => {
  const times = new Map([
    [opOf('add', 0, 200), 0.5],
    [opOf('matmul', 1000, 100), 2],
    [opOf('matmul', 10, 400), 1],
    [opOf('galore_jacobi', 400, 8, { every: 4 }), 8],
  ]);
  expect(byKernel(times, { flops: 100, bandwidth: 20 })).toEqual([
    // 1000 operations at 100 a second, then 400 bytes at 20 a second.
    { name: 'matmul', class: 'products', calls: 2, seconds: 3, atPeaks: 10 + 20 },
    { name: 'galore_jacobi', class: 'decompositions', calls: 0.25, seconds: 2, atPeaks: 1 },
    { name: 'add', class: 'elementwise', calls: 1, seconds: 0.5, atPeaks: 10 },
  ]);
});

it('both ways to time a step see every op that has a kernel, those of every so many steps too', async () => {
  const opened = await softwareDevice();
  const plan = planOf({ optimizer: use('galore', { rank: 4, every: 50 }), backward: use('streambp', { chunk: 6, logits: 9 }) });
  const batch = batchAt(TEXT, 0, 1, plan.batch, plan.sequence, 256);
  const profiles = [];
  for (const features of [opened.features, opened.features.filter((feature) => feature !== 'timestamp-query')]) {
    const trainer = await createTrainer({ ...opened, features }, recipeOf(plan), initialWeights(plan.model, 1), 1);
    await trainer.step(0, batch, 1e-3);
    const ops = trainer.program.linear.ops.filter(
      ({ phase, node }) => phase !== 'setup' && !['reserve', 'release'].includes(node.op),
    );
    const { method, times } = await trainer.profile(batch);
    expect([...times.keys()].map(({ node }) => node.op).sort()).toEqual(ops.map(({ node }) => node.op).sort());
    for (const seconds of times.values()) expect(seconds).toBeGreaterThanOrEqual(0);
    // The books are closed as after any other step.
    await trainer.step(1, batch, 1e-3);
    trainer.destroy();
    profiles.push(method);
  }
  expect(profiles.at(-1)).toBe('waits');
  if (opened.features.includes('timestamp-query')) expect(profiles[0]).toBe('timestamps');
});
