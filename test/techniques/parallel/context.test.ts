/** Context parallelism against Ring Attention (Liu et al., arXiv:2310.01889): tokens / n of everything, and blocks of keys and values on their way. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { unroll } from '../../../src/tape/unroll';
import { tapeOf } from '../../../src/techniques/recipe-of';
import { llama8B } from '../bytes';
import { keptPerLayer, perLayer, plan, sent, spread, use } from './cards';

const tokens = 4096;
const on = (n: number): Plan =>
  spread(plan({}, { model: { ...llama8B, layers: 2 }, batch: 2, sequence: tokens }), [use('context', { n })]);

describe('context parallelism', () => {
  const key = llama8B.kvHeads * llama8B.headDim;

  it.each([2, 4, 8])('keeps 1/%i of every activation', (n) => {
    expect(keptPerLayer(on(n))).toBe(keptPerLayer(on(1)) / n);
  });

  it('has two blocks of keys and values besides its own, 2 · (2·B·(T/n)·K·d)', () => {
    const tape = tapeOf(on(4));
    let blocks = 0;
    unroll(tape, ({ node, phase, layer }) => {
      if (node.op !== 'sdpa' || phase !== 'forward' || layer !== 0) return;
      const names = /ring\.(work|next)\.[kv]$/;
      for (const id of node.allocs) if (names.test(tape.tensors[id]?.name ?? '')) blocks += tape.tensors[id]?.bytes ?? 0;
    });
    expect(blocks).toBe(2 * 2 * (2 * 2 * (tokens / 4) * key));
  });

  // 2·B·T·K·d·(n − 1)/n elements a layer in forward, twice as many in backward.
  it.each([2, 4])('passes keys and values on %i cards once in forward, and with their gradients in backward', (n) => {
    expect(perLayer(on(n), sent)).toBe((3 * 2 * (2 * 2 * tokens * key) * (n - 1)) / n);
  });

  it('pads a sequence to pairs of pieces', () => {
    const odd = spread({ ...on(1), sequence: 1001 }, [use('context', { n: 4 })]);
    expect(keptPerLayer(odd)).toBe((keptPerLayer(on(1)) / tokens) * 252);
  });
});
