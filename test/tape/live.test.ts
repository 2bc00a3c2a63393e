import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveAtPeak } from '../../src/tape/live';
import { simulate } from '../../src/tape/simulate';
import type { Tape } from '../../src/tape/types';
import { unroll } from '../../src/tape/unroll';
import { tapeOf } from '../../src/techniques/recipe-of';
import { model, plan, use } from './plans';

/** Bytes alive by the tensor's kind, at the first op of the written-out tape that reaches the peak. */
function written(tape: Tape, peak: number): Map<string, number> {
  const live = new Map<number, number>();
  let total = 0;
  let result: Map<string, number> | undefined;
  unroll(tape, ({ node, phase, storage }) => {
    for (const id of node.allocs) {
      live.set(storage(id), id);
      total += tape.tensors[id]?.bytes ?? 0;
    }
    if (phase !== 'setup' && total === peak)
      result ??= byKind(
        tape,
        [...live.values()].map((id) => [id, 1]),
      );
    for (const id of node.frees) {
      live.delete(storage(id));
      total -= tape.tensors[id]?.bytes ?? 0;
    }
  });
  return result ?? new Map();
}

function byKind(tape: Tape, counts: Iterable<readonly [number, number]>): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const [id, count] of counts) {
    const { bytes, category, dtype } = tape.tensors[id] as Tape['tensors'][number];
    const kind = `${category} ${dtype}`;
    if (bytes) kinds.set(kind, (kinds.get(kind) ?? 0) + count * bytes);
  }
  for (const [kind, bytes] of kinds) if (bytes === 0) kinds.delete(kind);
  return kinds;
}

describe('what is alive at the peak', () => {
  it('is what the written-out tape has alive there, without writing it out', () => {
    fc.assert(
      fc.property(
        fc.record({
          backward: fc.constantFrom(
            'standard',
            use('checkpoint', {}),
            use('checkpoint', { every: 3 }),
            use('streambp', { chunk: 20, logits: 10 }),
          ),
          optimizer: fc.constantFrom('adamw', 'sgd', 'adamw8bit', use('galore', { rank: 8, layerwise: true })),
          loss: fc.constantFrom('cross-entropy', use('chunked', { chunk: 30 }), 'cut-cross-entropy'),
          precision: fc.constantFrom('bf16', 'amp-bf16'),
          activations: fc.constantFrom('exact', 'int8'),
          train: fc.constantFrom('full', 'lora'),
          layers: fc.integer({ min: 1, max: 6 }),
          accumulate: fc.integer({ min: 1, max: 2 }),
        }),
        ({ layers, accumulate, ...slots }) => {
          const dimensions = { hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 160, vocab: 97 };
          const tape = tapeOf(plan(slots, { model: model({ layers, ...dimensions }), accumulate, batch: 2, sequence: 50 }));
          const { peak } = simulate(tape);
          const { counts } = liveAtPeak(tape, peak);
          const bytes = [...counts].reduce((sum, [id, count]) => sum + count * (tape.tensors[id]?.bytes ?? 0), 0);
          expect(bytes).toBe(peak);
          expect(byKind(tape, counts)).toEqual(written(tape, peak));
          for (const [id, count] of counts) expect(count, tape.tensors[id]?.name).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
