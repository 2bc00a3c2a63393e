/** LoRA against published counts: 4.7M of GPT-3 (Hu et al., arXiv:2106.09685, Table 4), 0.83 % of LLaMA-7B (DoRA's Table 1, arXiv:2402.09353). */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { model } from '../tape/plans';
import { llama7B, parameters, peak, persistent, plan, short, small, use } from './bytes';

const lora = (rank: number, targets = ['q', 'v']) => ({ train: use('lora', { rank, targets }) });

describe('lora', () => {
  it('trains 4.7M parameters at rank 1 on q and v of a model as large as GPT-3, and 37.7M at rank 8', () => {
    const gpt3 = model({ layers: 96, hidden: 12288, heads: 96, kvHeads: 96, headDim: 128, ffn: 49152, vocab: 50257 });
    const millions = [1, 8].map((rank) => (trainedParameters(recipeOf(short(gpt3, lora(rank)))) / 1e6).toFixed(1));
    expect(millions).toEqual(['4.7', '37.7']);
  });

  it('trains 0.83 % of LLaMA-7B on q, k, v, up and down at rank 32', () => {
    const trained = trainedParameters(recipeOf(short(llama7B, lora(32, ['q', 'k', 'v', 'up', 'down']))));
    expect(((100 * trained) / (parameters(llama7B) + trained)).toFixed(2)).toBe('0.83');
  });

  it('adds rank · (in + out) float32 parameters a target, and their moments', () => {
    const trained = 4 * 8 * (512 + 512 + (512 + 128));
    const [with_, frozen] = [persistent(short(small, lora(8))), persistent(short(small, { train: 'frozen' }))];
    expect(with_.weights - frozen.weights).toBe(4 * trained);
    expect(with_.optimizer).toBe(8 * trained);
  });

  it('grows with its rank and its targets', () => {
    const bytes = [1, 8, 64].map((rank) => peak(plan(lora(rank))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
    expect(peak(plan(lora(8, ['q', 'k', 'v', 'o', 'gate', 'up', 'down'])))).toBeGreaterThan(peak(plan(lora(8))));
  });
});
