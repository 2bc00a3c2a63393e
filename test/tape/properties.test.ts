/** What must hold of every tape, whatever the plan. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Family, Plan, TechniqueSlot, Use } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { CATEGORIES } from '../../src/planner/types';
import { simulate } from '../../src/tape/simulate';
import { unroll } from '../../src/tape/unroll';
import { tapeOf } from '../../src/techniques/recipe-of';
import { unstreamable } from '../../src/techniques/streambp/memory';
import { model, plan, use } from './plans';

const one = (...uses: (string | Use)[]): fc.Arbitrary<Use> =>
  fc.constantFrom(...uses.map((u) => (typeof u === 'string' ? use(u, {}) : u)));

/** Plans over every technique of one card, small enough to be written out. */
const plans: fc.Arbitrary<Plan> = fc
  .record({
    slots: fc.record(
      {
        precision: one('bf16', 'fp32', 'amp-bf16'),
        train: one(
          'full',
          'lora',
          use('lora', { rank: 4, targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'], dropout: 0.1 }),
          'frozen',
        ),
        optimizer: one(
          'adamw',
          use('adamw', { foreach: false }),
          use('adamw', { master: true }),
          'adamw8bit',
          use('sgd', { momentum: 0.9 }),
          'none',
          use('adamw', { 'in-backward': true, fused: true }),
          use('galore', { rank: 8, layerwise: true }),
          use('galore', { rank: 8, inner: use('adamw8bit', {}) }),
        ),
        backward: fc.oneof(
          one('standard'),
          fc.integer({ min: 1, max: 5 }).map((every) => use('checkpoint', { every })),
          fc
            .record({ chunk: fc.integer({ min: 1, max: 80 }), logits: fc.integer({ min: 1, max: 80 }) })
            .map((args) => use('streambp', args)),
        ),
        activations: one('exact', use('int8', { group: 64 })),
        attention: one('flash', 'eager', 'math', use('sdpa', { mask: true })),
        loss: fc.oneof(
          one('cross-entropy', use('cross-entropy', { upcast: false }), 'cut-cross-entropy'),
          fc.integer({ min: 1, max: 80 }).map((chunk) => use('chunked', { chunk })),
          fc.integer({ min: 1, max: 80 }).map((chunk) => use('chunked', { chunk, recompute: false })),
        ),
        gradients: one('fp32', 'bf16'),
        engine: one(
          'pytorch',
          use('pytorch', { transformers: '4.40', 'hold-output': false }),
          use('pytorch', { kernels: 'cpu' }),
          use('pytorch', { compile: true }),
          use('pytorch', { torch: '1.10' }),
        ),
      },
      { requiredKeys: [] },
    ),
    layers: fc.integer({ min: 1, max: 5 }),
    batch: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 2, max: 64 }),
    accumulate: fc.integer({ min: 1, max: 3 }),
    tiedEmbeddings: fc.boolean(),
    family: fc.constantFrom(
      'llama',
      'qwen2',
      'qwen3',
      'gemma2',
      'gpt2',
      'gpt_neox',
      'phi3',
      'falcon',
      'opt',
      'bloom',
      'bert',
      'roberta',
      'vit',
      't5',
    ) as fc.Arbitrary<Family>,
  })
  .map(({ slots, layers, batch, sequence, accumulate, tiedEmbeddings, family }) =>
    plan(slots as { [slot in TechniqueSlot]?: Use }, {
      batch,
      sequence,
      accumulate,
      model: model({
        family,
        layers,
        hidden: 64,
        heads: 4,
        kvHeads: family === 'llama' ? 2 : 4,
        headDim: 16,
        ffn: 160,
        vocab: 97,
        tiedEmbeddings,
        encoderLayers: family === 't5' ? layers + 1 : 0,
      }),
    }),
  );

const lowered = plans.filter(({ slots, model: of }) => slots.backward?.name !== 'streambp' || !unstreamable(of));

describe('every tape', () => {
  it('frees what it allocates exactly once, leaves only what persists, and peaks where its written-out form does', () => {
    fc.assert(
      fc.property(lowered, (candidate) => {
        const tape = tapeOf(candidate);
        const live = new Map<number, number>();
        let total = 0;
        let persistent = 0;
        let peak = 0;
        unroll(tape, ({ node, phase, storage }) => {
          for (const id of node.allocs) {
            const at = storage(id);
            expect(live.has(at), `${tape.tensors[id]?.name} begins twice`).toBe(false);
            live.set(at, tape.tensors[id]?.bytes ?? 0);
            total += tape.tensors[id]?.bytes ?? 0;
          }
          if (phase === 'setup') persistent = total;
          else peak = Math.max(peak, total);
          for (const id of node.frees) {
            const at = storage(id);
            expect(live.has(at), `${tape.tensors[id]?.name} ends without having begun, at ${node.label}`).toBe(true);
            live.delete(at);
            total -= tape.tensors[id]?.bytes ?? 0;
          }
        });
        expect(total).toBe(persistent);
        expect(simulate(tape).peak).toBe(peak);
      }),
      { numRuns: 200 },
    );
  });

  it('has a peak that is the highest instant, that its categories add up to, and that is finite', () => {
    fc.assert(
      fc.property(lowered, (candidate) => {
        const { peak, instants, categories, time } = estimate(candidate);
        expect(Math.max(...instants.map((instant) => instant.allocated))).toBe(peak.allocated);
        expect(CATEGORIES.reduce((sum, category) => sum + categories[category], 0)).toBe(peak.allocated);
        expect(Number.isSafeInteger(peak.allocated)).toBe(true);
        expect(time.step).toBeGreaterThan(0);
        expect(peak.reserved).toBeGreaterThanOrEqual(peak.allocated);
      }),
      { numRuns: 200 },
    );
  });

  it('never costs less with one more layer, token or row', () => {
    fc.assert(
      fc.property(lowered, (candidate) => {
        const peak = (changed: Plan) => simulate(tapeOf(changed)).peak;
        const before = peak(candidate);
        const larger = [
          { ...candidate, model: { ...candidate.model, layers: candidate.model.layers + 1 } },
          { ...candidate, batch: candidate.batch + 1 },
          { ...candidate, sequence: candidate.sequence + 1 },
        ];
        for (const changed of larger) expect(peak(changed)).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 200 },
    );
  });
});
