/** CAME against its algorithm (Luo et al., arXiv:2307.02047, algorithm 2): nm for the momentum, n + m for squares and again for instability. */
import { describe, expect, it } from 'vitest';
import { llama7B, over, parameters, short, small, states, temporaries, use } from './bytes';

describe('came', () => {
  it('keeps a float32 momentum, and two rows and two columns for each matrix: 26.98 GB for LLaMA-7B', () => {
    const factored = over(llama7B, ({ shape: [m = 1, n] }) => (n === undefined ? m : 2 * (m + n)));
    const norms = over(llama7B, () => 1);
    const bytes = states(short(llama7B, { optimizer: 'came' }));
    expect(bytes).toBe(4 * (parameters(llama7B) + factored) + 2 * norms);
    expect((bytes / 1e9).toFixed(2)).toBe('26.98');
  });

  it('is Adafactor with momentum, one more pair of factors for each matrix, and a norm for each parameter', () => {
    const pairs = over(small, ({ shape: [m = 1, n] }) => (n === undefined ? 0 : m + n));
    const adafactor = states(short(small, { optimizer: use('adafactor', { momentum: true }) }));
    expect(states(short(small, { optimizer: 'came' })) - adafactor).toBe(4 * pairs + 2 * over(small, () => 1));
  });

  it('works on float32 of one parameter at a time', () => {
    const embedding = small.vocab * small.hidden;
    expect(temporaries(short(small, { optimizer: 'came' }), /^came/)).toBe(16 * embedding);
    expect(temporaries(short(small, { optimizer: 'came', precision: 'fp32' }), /^came/)).toBe(12 * embedding);
  });
});
