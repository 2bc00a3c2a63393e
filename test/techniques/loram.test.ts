/** LoRAM against its abstract (Zhang et al., arXiv:2502.13533): 70B parameters trained on a card of 20 GB. */
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import type { Model } from '../../src/plan/types';
import { prunedModel } from '../../src/techniques/loram/memory';
import { peak, persistent, plan, short, small, use } from './bytes';

describe('loram', () => {
  it('trains LLaMA-2-70B, pruned by 85 % and in 4 bits, on 20 GB', () => {
    const model = findModel('meta-llama/Llama-2-70b') as Model;
    const qloram = plan(
      {
        weights: use('nf4', { 'double-quant': true }),
        train: use('loram', { pruned: 0.85, rank: 8 }),
        backward: 'checkpoint',
        loss: 'cut-cross-entropy',
      },
      { model, batch: 1, sequence: 512 },
    );
    expect(peak(qloram) / 1e9).toBeLessThan(20);
    // Without pruning the codes alone take more: 0.516 bytes a weight.
    expect(
      persistent(short(model, { weights: use('nf4', { 'double-quant': true }), train: 'lora' })).weights / 1e9,
    ).toBeGreaterThan(35);
  });

  it('is LoRA where nothing is pruned', () => {
    expect(peak(plan({ train: use('loram', { pruned: 0 }) }))).toBe(peak(plan({ train: 'lora' })));
  });

  it('prunes whole groups of heads, and leaves one', () => {
    expect(prunedModel(small, 0.5)).toMatchObject({ heads: 4, kvHeads: 1, ffn: 704, hidden: 512, vocab: 4000 });
    expect(prunedModel(small, 0.99)).toMatchObject({ heads: 4, kvHeads: 1, ffn: 14 });
  });

  it('shrinks with the pruned share', () => {
    const bytes = [0, 0.3, 0.6, 0.9].map((pruned) => peak(plan({ train: use('loram', { pruned }) })));
    expect([...bytes].sort((a, b) => b - a)).toEqual(bytes);
  });
});
