import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import { bytesAndTime } from '../../src/planner/bytes-and-time';
import { estimate } from '../../src/planner/estimate';
import { FIT_SLOTS, fit as findFits } from '../../src/planner/fit';
import { card, plan } from '../tape/plans';
import { anyPlan, anySpread, SEED } from './brute-force';

const GiB = 2 ** 30;
const large = findModel('meta-llama/Llama-3.1-8B');
if (!large) throw new Error('no preset');

describe('bytes and time of many plans', () => {
  it('are those of an estimate, however the parts were shared', () => {
    const measure = bytesAndTime();
    fc.assert(
      fc.property(fc.oneof(anyPlan, anySpread), (candidate) => {
        const { peak, time } = estimate(candidate);
        const quick = measure(candidate);
        expect(quick.peak).toBe(peak.allocated);
        expect(quick.time).toBeCloseTo(time.step, 12);
      }),
      { numRuns: 250, seed: SEED },
    );
  });
});

describe('fit', () => {
  it('never offers another optimizer as an exact change', () => {
    const { points } = findFits(plan({}, { device: { ...card, memory: 80 * GiB } }));
    for (const { edits, exact } of points) {
      if (exact) expect(edits.filter((edit) => edit.slot === 'optimizer' && !edit.to.startsWith('adamw('))).toEqual([]);
    }
  });

  it('makes a full fine-tune of an 8B model fit 48 GiB, exact ways first', () => {
    const device = { ...card, memory: 48 * GiB, reserve: 0 };
    const { points } = findFits(plan({}, { model: large, device, batch: 1, sequence: 4096 }), FIT_SLOTS);
    expect(points.length).toBeGreaterThan(0);
    const exactness = points.map((point) => point.exact);
    expect(exactness).toEqual([...exactness].sort((a, b) => Number(b) - Number(a)));
  }, 60_000);

  it('says what the floor is made of where nothing fits', () => {
    const given = plan({}, { model: large, device: { ...card, memory: 8 * GiB, reserve: 0 }, batch: 1, sequence: 4096 });
    const { points, floor } = findFits(given, FIT_SLOTS);
    expect(points).toEqual([]);
    expect(floor?.peak).toBeGreaterThan(8 * GiB);
    expect(floor?.categories.weights).toBe(large.publishedParameters ? large.publishedParameters * 2 + 256 : Number.NaN);
    const onHost = findFits(given);
    expect(onHost.points.length, 'with weights and states on the host it fits').toBeGreaterThan(0);
    expect(onHost.floor).toBeNull();
  }, 60_000);

  it('takes no floor that the host could not hold, and says what a larger one would allow', () => {
    const device = { ...card, memory: 8 * GiB, reserve: 0, hostMemory: GiB };
    const { points, floor } = findFits(plan({}, { model: large, device, batch: 1, sequence: 4096 }), ['optimizer', 'offload']);
    expect(points).toEqual([]);
    expect(floor?.peak).toBeGreaterThan(device.memory);
    expect(floor?.beyondHost?.peak).toBeLessThan(floor?.peak ?? 0);
    expect(floor?.beyondHost?.cpu).toBeGreaterThan(GiB);
  }, 60_000);
});
