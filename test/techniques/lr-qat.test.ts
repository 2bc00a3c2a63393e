/** LR-QAT against its abstract (Bondarenko et al., arXiv:2406.06385): a 7B model on a consumer card of 24 GB. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { llama7B, matrices, others, peak, persistent, plan, short, small, use } from './bytes';

describe('lr-qat', () => {
  it('trains LLaMA-7B in 24 GB with checkpointing', () => {
    const at = { model: llama7B, batch: 1, sequence: 1024 };
    expect(peak(plan({ train: 'lr-qat', backward: 'checkpoint' }, at)) / 1e9).toBeLessThan(24);
    // Rounded copies of every matrix do not fit beside it.
    expect(peak(plan({ train: 'lr-qat' }, at)) / 1e9).toBeGreaterThan(24);
  });

  it('keeps a byte a weight and one a row, and trains rank · (m + n) + m', () => {
    const bytes = persistent(short(small, { train: use('lr-qat', { rank: 8 }) }));
    const trained = matrices(small, (m, n) => 8 * (m + n) + m);
    expect(trainedParameters(recipeOf(short(small, { train: use('lr-qat', { rank: 8 }) })))).toBe(trained);
    expect(bytes.weights).toBe(matrices(small, (m, n) => m * n + m) + 2 * trained + 2 * others(small) + 128);
    expect(bytes.optimizer).toBe(8 * trained);
  });

  it('keeps 3 bytes a weight from forward to backward without checkpointing', () => {
    const kept = (layers: number, hidden: number) => {
      const model = { ...small, layers, ffn: hidden };
      return peak(plan({ train: use('lr-qat', { rank: 1 }), optimizer: 'none' }, { model, batch: 1, sequence: 1 }));
    };
    const layer = (ffn: number) => kept(5, ffn) - kept(4, ffn);
    expect((layer(4096) - layer(2048)) / (3 * 512 * 2048)).toBeGreaterThan(3);
  });

  it('grows with its rank, and halves its container in 4 bits', () => {
    const of = (rank: number, container = 'int8') =>
      persistent(short(small, { train: use('lr-qat', { rank, container }) })).weights;
    expect([of(1), of(8), of(64)]).toEqual([of(1), of(8), of(64)].sort((a, b) => a - b));
    expect(of(8) - of(8, 'int4')).toBe(matrices(small, (m, n) => (m * n) / 2));
  });
});
