/** FRUGAL against its formula (Zmushko et al., arXiv:2411.07837): 2 · ρ of the matrices' elements, all of the rest. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, others, short, small, states, use } from './bytes';

const frugal = (density: number, subspace = 'blocks') => ({ optimizer: use('frugal', { density, subspace }) });

describe('frugal', () => {
  it('keeps a quarter of the moments of the matrices at its default density: 7.53 GB for LLaMA-7B in bfloat16', () => {
    const bytes = states(short(llama7B, { optimizer: 'frugal' }));
    expect(bytes).toBe(4 * (matrices(llama7B, (m, n) => m * n) / 4 + others(llama7B)));
    expect((bytes / 1e9).toFixed(2)).toBe('7.53');
  });

  it('is AdamW at density 1 and signSGD of the matrices at density 0', () => {
    const adam = states(short(small, { optimizer: use('adamw', { states: 'parameter' }) }));
    expect(states(short(small, frugal(1)))).toBe(adam);
    expect(states(short(small, frugal(0)))).toBe(4 * others(small));
  });

  it('keeps the number of each column in 8 bytes', () => {
    const [blocks, columns] = [states(short(small, frugal(0.25))), states(short(small, frugal(0.25, 'columns')))];
    expect(columns - blocks).toBe(8 * matrices(small, (_, n) => n / 4));
  });

  it('grows with its density', () => {
    const bytes = [0, 0.1, 0.25, 0.5, 1].map((density) => states(short(small, frugal(density, 'columns'))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
