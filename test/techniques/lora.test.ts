/** LoRA against a published share (DoRA's Table 1, arXiv:2402.09353): 0.83 % of LLaMA-7B at rank 32 on q, k, v, up and down. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { llama7B, parameters, peak, persistent, plan, short, small, use } from './bytes';

const lora = (rank: number, targets = ['q', 'v']) => ({ train: use('lora', { rank, targets }) });

describe('lora', () => {
  it('trains 0.83 % of LLaMA-7B', () => {
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
