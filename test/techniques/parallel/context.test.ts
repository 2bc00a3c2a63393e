/** Context parallelism against Ring Attention (Liu et al., arXiv:2310.01889): tokens / n of everything, and blocks of keys and values on their way. */
import { describe, expect, it } from 'vitest';
import { completeModel } from '../../../src/plan/families';
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

  /** Bytes of a layer's keys and values that pass a card once, and of its gradients that a card sends to average them. */
  const passed = (n: number): number => (2 * (2 * 2 * tokens * key) * (n - 1)) / n;
  const { hidden, heads, headDim, ffn } = llama8B;
  const weights = 2 * hidden * heads * headDim + 2 * hidden * key + 3 * hidden * ffn + 2 * hidden;
  const averaged = (n: number): number => (2 * 2 * weights * (n - 1)) / n;

  // 2·B·T·K·d·(n − 1)/n elements a layer in forward, twice as many in backward.
  it.each([2, 4])('passes keys and values on %i cards once in forward, and with their gradients in backward', (n) => {
    expect(perLayer(on(n), sent)).toBe(3 * passed(n) + averaged(n));
  });

  it('passes them too where they are views of what a fused projection gave', () => {
    const gpt2 = completeModel('gpt2', { family: 'gpt2', layers: 2, hidden: 64, heads: 4, vocab: 97, positions: 512 });
    const forward = spread(plan({ train: 'frozen' }, { model: gpt2, batch: 1, sequence: 512 }), [use('context', { n: 2 })]);
    expect(perLayer(forward, sent)).toBe(2 * (2 * 256 * 64));
  });

  it('averages gradients over all cards that have a weight, with those of data parallelism', () => {
    const both = { ...on(4), lists: { parallel: [use('context', { n: 4 }), use('data', { n: 2 })] } };
    expect(perLayer(both, sent)).toBe(3 * passed(4) + averaged(8));
  });

  it('pads a sequence to pairs of pieces', () => {
    const odd = spread({ ...on(1), sequence: 1001 }, [use('context', { n: 4 })]);
    expect(keptPerLayer(odd)).toBe((keptPerLayer(on(1)) / tokens) * 252);
  });
});
