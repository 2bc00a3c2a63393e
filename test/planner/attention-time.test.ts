/** The share of its peak that a card's attention reaches, by hand from FlashAttention-3's abstract (arXiv:2407.08608). */
import { expect, it } from 'vitest';
import { findDevice } from '../../src/plan/presets/devices';
import { findModel } from '../../src/plan/presets/models';
import type { Device, Model, Plan } from '../../src/plan/types';
import { loadsOf } from '../../src/planner/time';
import { tapeOf } from '../../src/techniques/recipe-of';
import { use } from '../runner/plans';

const h100 = findDevice('H100 SXM') as Device;
const on = (device: Device, precision: string): Plan => ({
  name: 'p',
  model: findModel('meta-llama/Llama-3.1-8B') as Model,
  device,
  batch: 1,
  sequence: 8192,
  accumulate: 1,
  slots: { precision: use(precision) },
  lists: {},
  order: [],
});

/** Seconds of forward, and floating-point operations of its attention. */
function forward(plan: Plan): { seconds: number; attention: number } {
  let attention = 0;
  const { forward: load } = loadsOf(tapeOf(plan), plan, (node, phase, times) => {
    if (phase === 'forward' && node.op === 'sdpa') attention += times * node.flops;
  });
  return { seconds: load.seconds, attention };
}

it('is 35 % on Hopper, whose instructions are newer than the kernel, and that of other products elsewhere', () => {
  const { seconds, attention } = forward(on(h100, 'bf16'));
  const elsewhere = forward(on({ ...h100, architecture: 'ampere' }, 'bf16'));
  // Two products of 8192 × 8192 / 2 pairs, 32 heads of 128, 32 layers.
  expect(attention / (2 * 2 * 32 * 32 * 128 * (8192 * 8193)) / 0.5).toBeCloseTo(1, 3);
  expect(seconds - elsewhere.seconds).toBeCloseTo((attention / h100.flops) * (1 / 0.35 - 1 / 0.6), 9);
});

it('is that of other products in float32, which has no such instructions', () => {
  const { seconds } = forward(on(h100, 'fp32'));
  expect(forward(on({ ...h100, architecture: 'ampere' }, 'fp32')).seconds).toBe(seconds);
});
