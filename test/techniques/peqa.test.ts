/** PEQA against its Table 1 (Kim et al., arXiv:2305.14152): 1.36M scales learn of LLaMA-7B, 6.80M of LLaMA-65B. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { llama7B, matrices, mostOf, others, peak, persistent, plan, short, small, use } from './bytes';

const llama65B = { ...llama7B, layers: 80, hidden: 8192, heads: 64, kvHeads: 64, ffn: 22016 };

describe('peqa', () => {
  it('trains 1.36M parameters of LLaMA-7B and 6.80M of LLaMA-65B with one scale a row', () => {
    const trained = (model: typeof small) => (trainedParameters(recipeOf(short(model, { train: 'peqa' }))) / 1e6).toFixed(2);
    expect(trained(llama7B)).toBe('1.36');
    expect(trained(llama65B)).toBe('6.80');
  });

  it('keeps codes of its width, a zero and a scale a group, and moments of the scales', () => {
    const bytes = persistent(short(small, { train: use('peqa', { bits: 3, group: 64 }) }));
    const weights = matrices(small, (m, n) => m * n);
    expect(bytes.weights).toBe((weights * 3) / 8 + (weights / 64) * 4 + 2 * others(small) + 128);
    expect(bytes.optimizer).toBe((8 * weights) / 64);
  });

  it('keeps inputs in the compute type under autocast too, a copy for each product', () => {
    const kept = (precision: string) =>
      mostOf(plan({ train: 'peqa', optimizer: 'none', precision }), /^mlp\.(gate|up|down)\._to_copy$/, ['forward']);
    // Gate and up of four layers read the norm's float32 output; down reads what they made.
    expect(kept('amp-bf16')).toBe(4 * 2 * 256 * 2 * (512 + 512));
    expect(kept('bf16')).toBe(0);
  });

  it('makes the full gradient of one matrix for a moment', () => {
    const of = plan({ train: 'peqa', optimizer: 'none' });
    expect(mostOf(of, /^mlp\.up\.dequantized$/)).toBe(2 * 1408 * 512);
    expect(mostOf(of, /^mlp\.up\.gradient$/)).toBeGreaterThanOrEqual(2 * 1408 * 512);
  });

  it('grows with its bits and shrinks with its group', () => {
    const of = (bits: number, group: number) => peak(plan({ train: use('peqa', { bits, group }) }));
    expect([of(2, 64), of(3, 64), of(4, 64), of(8, 64)]).toEqual(
      [of(2, 64), of(3, 64), of(4, 64), of(8, 64)].sort((a, b) => a - b),
    );
    expect(of(4, 32)).toBeGreaterThan(of(4, 128));
  });
});
