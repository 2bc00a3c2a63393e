import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import type { Linear } from '../../src/tape/linear';
import { linearise } from '../../src/tape/linear';
import { place } from '../../src/tape/place';
import { simulate } from '../../src/tape/simulate';
import { ALIGNMENT } from '../../src/tape/webgpu/rules';
import { lowerWebgpu } from '../../src/tape/webgpu/step';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, use } from '../runner/plans';

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const plans: fc.Arbitrary<Plan> = fc
  .record({
    layers: fc.integer({ min: 1, max: 5 }),
    batch: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 1, max: 40 }),
    tiedEmbeddings: fc.boolean(),
    backward: maybe(
      fc.oneof(
        fc.record({ name: fc.constant('checkpoint'), args: fc.record({ every: fc.integer({ min: 1, max: 6 }) }) }),
        fc.record({
          name: fc.constant('streambp'),
          args: fc.record({ chunk: fc.integer({ min: 1, max: 50 }), logits: fc.integer({ min: 1, max: 50 }) }),
        }),
      ),
    ),
    loss: maybe(fc.constantFrom(use('cross-entropy'), use('chunked', { chunk: 9 }), use('cut-cross-entropy'))),
    activations: maybe(fc.constantFrom(use('int8', { group: 64 }), use('exact'))),
    optimizer: maybe(
      fc.constantFrom(use('none'), use('adamw8bit'), use('galore', { rank: 4, layerwise: true }), use('galore', { rank: 4 })),
    ),
  })
  .map(({ layers, batch, sequence, tiedEmbeddings, ...slots }) =>
    planOf(
      Object.fromEntries(Object.entries(slots).filter(([, value]) => value)) as Plan['slots'],
      { layers, tiedEmbeddings },
      { batch, sequence },
    ),
  );

/** Highest live bytes, op by op, of a tape written out. */
function liveOf(linear: Linear): number {
  let [live, high] = [0, 0];
  for (const op of linear.ops) {
    for (const at of op.allocs) live += linear.storages[at]?.bytes ?? 0;
    if (op.phase !== 'setup') high = Math.max(high, live);
    for (const at of op.frees) live -= linear.storages[at]?.bytes ?? 0;
  }
  return high;
}

describe("the runner's tape", () => {
  it('has the peak that walking every op finds, in whole blocks', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const tape = lowerWebgpu(recipeOf(plan));
        const linear = linearise(tape);
        expect(simulate(tape).peak).toBe(liveOf(linear));
        expect(linear.storages.every(({ bytes }) => bytes % ALIGNMENT === 0)).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  it('is placed so that nothing that lives together overlaps, nor straddles a buffer', () => {
    fc.assert(
      fc.property(plans, fc.boolean(), (plan, split) => {
        const linear = linearise(lowerWebgpu(recipeOf(plan)));
        const largest = Math.max(...linear.storages.map(({ bytes }) => bytes));
        const segment = split ? 2 * largest : Number.POSITIVE_INFINITY;
        const { offsets, extent } = place(linear, segment);
        expect(extent).toBeGreaterThanOrEqual(liveOf(linear));
        linear.storages.forEach((a, i) => {
          const start = offsets[i] as number;
          expect(start % ALIGNMENT).toBe(0);
          expect(start + a.bytes).toBeLessThanOrEqual(extent);
          if (split) expect(Math.floor(start / segment)).toBe(Math.floor((start + a.bytes - 1) / segment));
          for (let j = 0; j < i; j++) {
            const b = linear.storages[j];
            if (!b || b.to < a.from || b.from > a.to) continue;
            const other = offsets[j] as number;
            if (start < other + b.bytes && other < start + a.bytes) throw new Error(`${a.name} lies over ${b.name}`);
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  it('frees all that a step made, except what persists and gradients that no optimizer uses up', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const linear = linearise(lowerWebgpu(recipeOf(plan)));
        const left = linear.storages.filter((storage) => !storage.persistent && storage.to === linear.ops.length);
        const gradients = plan.slots.optimizer?.name === 'none';
        expect(left.every((storage) => gradients && storage.name.endsWith('.gradient'))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('a stretch of StreamBP that is half as long needs fewer bytes; so do checkpoints than all that was saved', () => {
    const peak = (slots: Plan['slots']) => simulate(lowerWebgpu(recipeOf(planOf(slots, { layers: 6 }, { sequence: 256 })))).peak;
    const stream = (chunk: number) =>
      peak({ optimizer: use('none'), backward: use('streambp', { chunk, logits: 32 }), loss: use('chunked', { chunk: 32 }) });
    const loss = use('chunked', { chunk: 32 });
    const none = use('none');
    expect(stream(16)).toBeLessThan(stream(32));
    expect(stream(32)).toBeLessThan(peak({ optimizer: none, loss, backward: use('checkpoint') }));
    expect(peak({ optimizer: none, loss, backward: use('checkpoint') })).toBeLessThan(peak({ optimizer: none, loss }));
    expect(peak({ optimizer: none, loss, activations: use('int8') })).toBeLessThan(peak({ optimizer: none, loss }));
  });

  it('runs the last layer of StreamBP once, with the head, and the first ones again from the embeddings', () => {
    const [layers, chunk, sequence] = [8, 8, 32];
    /** How often each layer's attention goes over the sequence, in stretches of whatever length. */
    const attended = (vocab: number) => {
      const backward = use('streambp', { chunk, logits: chunk });
      const plan = planOf({ optimizer: use('lomo'), backward }, { layers, vocab }, { batch: 1, sequence });
      const attention = linearise(lowerWebgpu(recipeOf(plan))).ops.filter(({ node }) => node.op === 'attention');
      const rows = (layer: number) =>
        attention.reduce((sum, { node, ...op }) => sum + (op.layer === layer ? Number(node.attrs?.rows) : 0), 0);
      return Array.from({ length: layers }, (_, layer) => rows(layer) / sequence);
    };
    // Forward, and in the backward; the first layer makes the input of the second anew.
    expect(attended(16)).toEqual([3, ...Array(6).fill(2), 1]);
    // Where the gradient of the head's matrix is larger than what is saved, the layer stays apart.
    expect(attended(4096)).toEqual(Array(8).fill(2));
  });

  it('runs StreamBP’s forward in longer stretches than its backward, as far as they hide behind what that holds', () => {
    const stretched = plans.map((plan) => ({
      ...plan,
      slots: { ...plan.slots, backward: use('streambp', { chunk: 4, logits: 4 }) },
    }));
    fc.assert(
      fc.property(stretched, (plan) => {
        const linear = linearise(lowerWebgpu(recipeOf(plan)));
        let live = 0;
        const high = { forward: 0, backward: 0 };
        for (const op of linear.ops) {
          for (const at of op.allocs) live += linear.storages[at]?.bytes ?? 0;
          if (op.phase === 'forward' || op.phase === 'backward') high[op.phase] = Math.max(high[op.phase], live);
          for (const at of op.frees) live -= linear.storages[at]?.bytes ?? 0;
        }
        expect(high.forward).toBeLessThanOrEqual(high.backward);
      }),
      { numRuns: 60 },
    );
    const plan = planOf(
      { optimizer: use('lomo'), backward: use('streambp', { chunk: 64, logits: 64 }) },
      {},
      { batch: 1, sequence: 1024 },
    );
    const { ops } = linearise(lowerWebgpu(recipeOf(plan)));
    const stretches = (phase: string) =>
      ops.filter(({ node, ...op }) => node.op === 'attention' && op.layer === 0 && op.phase === phase).length;
    expect(stretches('backward')).toBe(16);
    expect(stretches('forward')).toBeLessThanOrEqual(8);
  });
});
