/** SM3 against its paper: m + n accumulators for a matrix (Anil et al., arXiv:1901.11150, §4). */
import { describe, expect, it } from 'vitest';
import { llama7B, over, parameters, short, small, states, use } from './bytes';

describe('sm3', () => {
  it('keeps one accumulator for each row and each column', () => {
    const bytes = states(short(llama7B, { optimizer: 'sm3' }));
    expect(bytes).toBe(2 * over(llama7B, ({ shape }) => shape.reduce((sum, size) => sum + size, 0)));
    // As many numbers as Adafactor's rows and columns.
    expect(bytes).toBe(2 * 2_836_992);
  });

  it('keeps the momentum of every parameter where there is one', () => {
    const of = (momentum: number) => states(short(small, { optimizer: use('sm3', { momentum }) }));
    expect(of(0.9) - of(0)).toBe(2 * parameters(small));
  });
});
