import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import type { Device, Plan, TechniqueSlot, Use } from '../../src/plan/types';
import { bytesAndTime } from '../../src/planner/bytes-and-time';
import { estimate } from '../../src/planner/estimate';
import { candidatesOf, FIT_SLOTS, fit as findFits } from '../../src/planner/fit';
import { card, model, plan, use } from '../tape/plans';

const GiB = 2 ** 30;
const large = findModel('meta-llama/Llama-3.1-8B');
if (!large) throw new Error('no preset');

const one = (...uses: (string | Use)[]): fc.Arbitrary<Use> =>
  fc.constantFrom(...uses.map((u) => (typeof u === 'string' ? use(u, {}) : u)));
const plans: fc.Arbitrary<Plan> = fc
  .record({
    slots: fc.record(
      {
        precision: one('bf16', 'amp-bf16'),
        train: one('full', 'lora'),
        gradients: one('fp32', 'bf16'),
        optimizer: one('adamw', 'adamw8bit', 'sgd', use('galore', { rank: 8, layerwise: true })),
        backward: one('standard', 'checkpoint', use('streambp', { chunk: 32, logits: 32 })),
        activations: one('exact', 'int8'),
        loss: one('cross-entropy', 'cut-cross-entropy', use('chunked', { chunk: 40 })),
      },
      { requiredKeys: [] },
    ),
    memory: fc.integer({ min: 20, max: 600 }),
    layers: fc.integer({ min: 1, max: 4 }),
    accumulate: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ slots, memory, layers, accumulate }) => {
    const device: Device = { ...card, memory: 480 * 2 ** 20 + memory * 2 ** 20, reserve: 0 };
    return plan(slots as { [slot in TechniqueSlot]?: Use }, {
      device,
      accumulate,
      batch: 1,
      sequence: 128,
      model: model({ layers, hidden: 256, heads: 4, kvHeads: 2, headDim: 64, ffn: 700, vocab: 2000 }),
    });
  });

describe('bytes and time of many plans', () => {
  it('are those of an estimate, however the parts were shared', () => {
    const measure = bytesAndTime();
    fc.assert(
      fc.property(plans, (candidate) => {
        const { peak, time } = estimate(candidate);
        const quick = measure(candidate);
        expect(quick.peak).toBe(peak.allocated);
        expect(quick.time).toBeCloseTo(time.step, 12);
      }),
      { numRuns: 150 },
    );
  });
});

describe('fit', () => {
  const slots: TechniqueSlot[] = ['backward', 'loss'];

  it('gives the front that brute force gives, and promises only what a fresh estimate of the edited plan gives', () => {
    fc.assert(
      fc.property(plans, (candidate) => {
        const { points, considered } = findFits(candidate, slots);
        const all = candidatesOf(candidate, slots).map(({ plan: edited }) => {
          const { peak, time, fits } = estimate({ ...edited, order: [] });
          return { peak: peak.allocated, time: time.step, fits };
        });
        expect(considered).toBe(all.length);
        const fitting = all.filter((entry) => entry.fits);
        expect(points.length > 0).toBe(fitting.length > 0);
        for (const point of points) {
          const mine = { peak: point.estimate.peak.allocated, time: point.estimate.time.step };
          expect(point.estimate.fits).toBe(true);
          // Nothing is both smaller and faster, unless it gives up exactness that this point keeps.
          if (!point.exact)
            expect(all.some((other) => other.peak < mine.peak && other.time < mine.time * (1 - 1e-9))).toBe(false);
          const { peak, time } = estimate(candidate);
          expect(point.edits.reduce((sum, edit) => sum + edit.bytes, peak.allocated)).toBe(mine.peak);
          expect(point.edits.reduce((sum, edit) => sum + edit.seconds, time.step)).toBeCloseTo(mine.time, 9);
        }
        const best = Math.min(...all.map((entry) => entry.peak));
        if (fitting.some((entry) => entry.peak === best)) {
          expect(Math.min(...points.map((point) => point.estimate.peak.allocated))).toBe(best);
        }
      }),
      { numRuns: 12 },
    );
  }, 120_000);

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
    const device = { ...card, memory: 8 * GiB, reserve: 0 };
    const { points, floor } = findFits(plan({}, { model: large, device, batch: 1, sequence: 4096 }));
    expect(points).toEqual([]);
    expect(floor?.peak).toBeGreaterThan(8 * GiB);
    expect(floor?.categories.weights).toBe(large.publishedParameters ? large.publishedParameters * 2 + 256 : Number.NaN);
  }, 60_000);
});
