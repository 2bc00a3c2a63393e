/** SPAM against its formula (Huang et al., arXiv:2501.06842): 2 · density · mn elements and a mask of one byte a weight. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, others, short, small, states, temporaries, use } from './bytes';

const spam = (density: number, packed = false) => ({ optimizer: use('spam', { density, packed }) });

describe('spam', () => {
  it('is Adam in its states at density 1', () => {
    expect(states(short(small, spam(1)))).toBe(states(short(small, { optimizer: use('adamw', { states: 'parameter' }) })));
  });

  it('keeps a quarter of the moments and a byte for each weight at density 0.25', () => {
    const all = matrices(llama7B, (m, n) => m * n);
    expect(states(short(llama7B, spam(0.25)))).toBe(all + all + 4 * others(llama7B));
    expect(states(short(llama7B, spam(0.25, true)))).toBe(all + all / 8 + 4 * others(llama7B));
  });

  it('draws a random float32 matrix when the mask moves', () => {
    expect(temporaries(short(small, spam(0.25)), /^spam\.mask/)).toBe(4 * 1408 * 512);
  });

  it('grows with its density', () => {
    const bytes = [0, 0.1, 0.25, 0.5].map((density) => states(short(small, spam(density))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
