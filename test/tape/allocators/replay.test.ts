/** The allocator on tapes: what it holds covers what is live, and its figures follow from the plan. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { replay } from '../../../src/tape/allocators/replay';
import { simulate } from '../../../src/tape/simulate';
import type { Tape } from '../../../src/tape/types';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { model, plan, use } from '../plans';

const UNLIMITED = Number.POSITIVE_INFINITY;
const caching = { expandable: false, limit: UNLIMITED };
const expandable = { expandable: true, limit: UNLIMITED };
const MiB = 2 ** 20;

const plans: fc.Arbitrary<Plan> = fc
  .record({
    backward: fc.constantFrom('standard', 'checkpoint', use('streambp', { chunk: 16, logits: 16 })),
    optimizer: fc.constantFrom('adamw', 'adamw8bit', use('galore', { rank: 8, layerwise: true }), 'none'),
    train: fc.constantFrom('full', 'lora'),
    layers: fc.integer({ min: 1, max: 6 }),
    sequence: fc.integer({ min: 16, max: 300 }),
    accumulate: fc.integer({ min: 1, max: 3 }),
  })
  .filter(({ optimizer, train }) => train === 'full' || typeof optimizer === 'string')
  .map(({ backward, optimizer, train, layers, sequence, accumulate }) =>
    plan(
      { backward, optimizer, train },
      { sequence, accumulate, model: model({ layers, hidden: 128, heads: 4, kvHeads: 2, ffn: 344, vocab: 1000 }) },
    ),
  );

describe('an allocator run over a tape', () => {
  it('holds what is live at the peak, and nothing lives on but what persists', () => {
    fc.assert(
      fc.property(plans, (candidate) => {
        const tape = tapeOf(candidate);
        const { peak, persistent } = simulate(tape);
        const lasting = Object.values(persistent).reduce((sum, bytes) => sum + bytes, 0);
        for (const options of [caching, expandable]) {
          const allocator = replay([tape], options);
          expect(allocator.peakReserved).toBeGreaterThanOrEqual(peak);
          expect(allocator.allocated).toBeGreaterThanOrEqual(lasting);
          // Each block is rounded up by less than 512 bytes, or is the unsplit rest of a segment.
          expect(allocator.allocated).toBeLessThan(lasting + 2 * MiB * candidate.model.layers + 20 * MiB);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('holds less with expandable segments, and little more than is live', () => {
    const large = plan(
      { precision: 'bf16' },
      { sequence: 2048, model: model({ layers: 16, hidden: 2048, heads: 16, kvHeads: 8, ffn: 5632, vocab: 32000 }) },
    );
    const tape = tapeOf(large);
    const { peak } = simulate(tape);
    const plain = replay([tape], caching).peakReserved;
    const paged = replay([tape], expandable).peakReserved;
    expect(paged).toBeLessThan(plain);
    expect(paged / peak).toBeLessThan(1.02);
    // Published static-shape runs without expandable segments: 1.01 to 1.09.
    expect(plain / peak).toBeLessThan(1.12);
  });

  it('takes lengths as micro-batches of one step, the later of which meet the gradients; nothing stays behind', () => {
    const at = (accumulate: number) => (sequence: number) => tapeOf({ ...plan({ train: 'full' }, { accumulate }), sequence });
    const [short, middle, long] = [64, 96, 128].map(at(4)) as [Tape, Tape, Tape];
    const caching = { expandable: false, limit: Number.POSITIVE_INFINITY };
    const together = replay([short, middle, long], caching, 0, 3);
    expect(together.allocated).toBe(replay([short, middle, long], caching).allocated);
    expect(together.peakReserved).toBeGreaterThanOrEqual(simulate(long).peak);
    // Steps of one micro-batch each stay apart.
    const [one, other] = [64, 128].map(at(1)) as [Tape, Tape];
    expect(replay([one, other], caching, 0, 2).peakReserved).toBe(replay([one, other], caching).peakReserved);
  });

  it('holds more where each batch is the longest so far', () => {
    const at = (sequence: number) =>
      tapeOf(
        plan(
          { train: 'lora', backward: 'checkpoint' },
          { batch: 1, sequence, model: model({ layers: 8, hidden: 1024, heads: 8, ffn: 2816, vocab: 50000 }) },
        ),
      );
    const fixed = replay([at(2048)], caching).peakReserved;
    const grown = replay([at(1024), at(1536), at(2048)], caching).peakReserved;
    expect(grown).toBeGreaterThan(1.3 * fixed);
    expect(replay([at(1024), at(1536), at(2048)], expandable).peakReserved).toBeLessThan(1.05 * fixed);
  });
});
