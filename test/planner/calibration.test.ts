/** Times that follow what was measured: the shares by hand, where they hold, and that they give the measured step again. */
import { describe, expect, it } from 'vitest';
import { calibrated, calibrationOf, readCalibration } from '../../src/plan/calibration';
import { findDevice } from '../../src/plan/presets/devices';
import type { Device, Plan } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { byKernel } from '../../src/runner/profile';
import { linearise } from '../../src/tape/linear';
import { lowerRecipe, recipeOf } from '../../src/techniques/recipe-of';
import { planOf, use } from '../runner/plans';

const card = findDevice('RTX 4090') as Device;
const peaks = { device: card.name, flops: card.flops32, bandwidth: card.bandwidth };
const kernel = (kind: 'products' | 'attention' | 'elementwise', seconds: number, atPeaks: number) => ({
  class: kind,
  seconds,
  atPeaks,
});
const GPU = { name: 'NVIDIA GeForce RTX 4090', software: false };
const of = (adapter = GPU) =>
  calibrationOf(adapter, [
    {
      peaks,
      kernels: [kernel('products', 3, 1), kernel('products', 1, 1), kernel('elementwise', 0.5, 0.4), kernel('attention', 0, 0)],
    },
    { peaks, kernels: [kernel('products', 4, 2), kernel('elementwise', 0.5, 0.1)] },
  ]);

describe('a calibration', () => {
  it('is the time at the peaks over the time measured, by class, over all that ran', () => {
    expect(of()).toEqual({ adapter: GPU.name, software: false, peaks, efficiency: { products: 4 / 8, elementwise: 0.5 / 1 } });
    expect(calibrationOf(GPU, [{ peaks, kernels: [kernel('products', 0, 1)] }])).toBeNull();
    expect(calibrationOf(GPU, [])).toBeNull();
  });

  it('is read as it was written, and anything else is none', () => {
    const calibration = of();
    expect(readCalibration(JSON.parse(JSON.stringify(calibration)))).toEqual(calibration);
    const broken = [null, [], 7, {}, { ...calibration, efficiency: {} }, { ...calibration, efficiency: { products: -1 } }];
    for (const value of [...broken, { ...calibration, software: 'no' }, { ...calibration, peaks: { ...peaks, flops: 0 } }])
      expect(readCalibration(value)).toBeNull();
    expect(readCalibration({ ...calibration, efficiency: { products: 0.5, toString: 'x' } })?.efficiency).toEqual({
      products: 0.5,
    });
  });

  it('holds for the card that was measured; for another, or from a software driver, only when it is asked for', () => {
    const measured = of();
    if (!measured) throw new Error('no calibration');
    const other = findDevice('H100') as Device;
    expect(calibrated({ ...card, name: 'mine' }, measured, false).measured?.adapter).toBe(GPU.name);
    expect(calibrated(other, measured, false)).toBe(other);
    expect(calibrated(other, measured, true).measured).toMatchObject({ adapter: GPU.name, anyEngine: true });
    // A driver that is named like the card is a driver all the same.
    expect(calibrated(card, { ...measured, software: true }, false)).toBe(card);
  });
});

/** A plan of the runner's engine on a device of which something was measured. */
const measuring = (plan: Plan, asked: boolean, efficiency = { products: 0.1, attention: 0.05, elementwise: 0.2 }): Plan => ({
  ...plan,
  device: calibrated(plan.device, { adapter: GPU.name, software: false, peaks, efficiency }, asked),
});

describe('the time of a step', () => {
  const runners = planOf({});
  const frameworks = planOf({ engine: use('pytorch') });

  it('of the runner’s own engine follows its measure, and says so; a framework’s only when it is asked to', () => {
    expect(estimate(runners).time.calibrated).toBeUndefined();
    expect(estimate(measuring(runners, false)).time.calibrated).toEqual({ adapter: GPU.name, software: false });
    expect(estimate(measuring(frameworks, false)).time).toEqual(estimate(frameworks).time);
    expect(estimate(measuring(frameworks, true)).time.calibrated).toBeDefined();
    expect(estimate(measuring(frameworks, true)).time.step).toBeGreaterThan(estimate(frameworks).time.step);
  });

  it('is twice as long at half the shares', () => {
    const once = estimate(measuring(runners, false)).time.step;
    const half = estimate(measuring(runners, false, { products: 0.05, attention: 0.025, elementwise: 0.1 })).time.step;
    expect(half / once).toBeCloseTo(2, 9);
  });

  it('is the measured one again, for the plan that was measured: rare ops count their share', () => {
    for (const slots of [{}, { optimizer: use('galore', { rank: 4, every: 7 }), activations: use('int8') }]) {
      const plan = planOf(slots);
      const { ops } = linearise(lowerRecipe(plan, recipeOf(plan)));
      // Times as a run would give them, of no regularity: the shares of the classes are all that is kept of them.
      const times = new Map(ops.flatMap((op, at) => (op.phase === 'setup' ? [] : [[op, 1e-4 * (1 + ((at * 37) % 11))]])));
      const kernels = byKernel(times, peaks);
      const calibration = calibrationOf(GPU, [{ peaks, kernels }]);
      if (!calibration) throw new Error('no calibration');
      const predicted = estimate({ ...plan, device: calibrated(plan.device, calibration, false) }).time.step;
      expect(predicted / kernels.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(1, 2);
    }
  });
});
