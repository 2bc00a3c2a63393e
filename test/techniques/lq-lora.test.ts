/** LQ-LoRA against its abstract (Guo et al., arXiv:2311.12023): 2.75-bit LLaMA-2-70B is 2.85 bits with its factors. */
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/plan/presets/models';
import type { Model } from '../../src/plan/types';
import { trainedParameters } from '../../src/planner/parameters';
import { LORA_TARGETS } from '../../src/techniques/lora';
import { recipeOf } from '../../src/techniques/recipe-of';
import { matrices, others, parameters, persistent, short, small, use } from './bytes';

describe('lq-lora', () => {
  it('keeps LLaMA-2-70B in 2.85 bits a weight, its rank-64 factors in 8 bits included', () => {
    const model = findModel('meta-llama/Llama-2-70b') as Model;
    const lq = short(model, { train: use('lq-lora', { targets: [...LORA_TARGETS] }) });
    const factors = trainedParameters(recipeOf(lq));
    const codes = persistent(lq).weights - 4 * factors - 2 * others(model) - 256;
    const weights = matrices(model, (m, n) => m * n);
    expect(((8 * codes) / weights).toFixed(2)).toBe('2.75');
    expect(((8 * (codes + factors)) / weights).toFixed(2)).toBe('2.85');
    // 27 GB of memory hold it.
    expect((codes + factors + 2 * others(model)) / 1e9).toBeLessThan(27);
    expect(parameters(model)).toBe(68_976_648_192);
  });

  it('is QLoRA where the budget is what 4-bit codes with double quantization take', () => {
    const qlora = persistent(short(small, { weights: use('nf4', { 'double-quant': true }), train: use('lora', { rank: 64 }) }));
    const lq = persistent(short(small, { train: use('lq-lora', { bits: 4 + 8 / 64 + 32 / (64 * 256) }) }));
    // But for the offset of the maxima, 4 bytes a matrix, and what the last block of 256 maxima lacks.
    expect(Math.abs(lq.weights - qlora.weights)).toBeLessThan(28 * 8);
    expect(lq.optimizer).toBe(qlora.optimizer);
  });

  it('grows with its budget', () => {
    const bytes = [2.25, 2.75, 3.5, 4.5, 8].map((bits) => persistent(short(small, { train: use('lq-lora', { bits }) })).weights);
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
