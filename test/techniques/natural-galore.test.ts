/** Natural GaLore against its code's sizes (Das, arXiv:2410.16029): 20 · rank² elements of history a matrix, 0.33M at rank 128 and 21M at rank 1024. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, short, small, states, use } from './bytes';

const natural = (rank: number, history: number) => ({ optimizer: use('natural-galore', { rank, history }) });

describe('natural-galore', () => {
  it('keeps a history of 327,680 elements a matrix at rank 128, and of 20,971,520 at rank 1024', () => {
    for (const [rank, elements] of [
      [128, 327_680],
      [1024, 20_971_520],
    ] as const) {
      const [with_, without] = [21, 1].map((history) => states(short(llama7B, natural(rank, history)))) as [number, number];
      expect(with_ - without).toBe(2 * 7 * 32 * elements);
    }
  });

  it('keeps factors of both sides and moments of the core', () => {
    const others = states(short(small, natural(1, 1))) - matrices(small, (m, n) => 2 * (m + n + 3));
    expect(states(short(small, natural(32, 5))) - others).toBe(matrices(small, (m, n) => 2 * (32 * (m + n) + 7 * 32 * 32)));
  });

  it('costs more than Adam at high rank', () => {
    const adam = states(short(llama7B, { optimizer: use('adamw', { states: 'parameter' }) }));
    expect(states(short(llama7B, natural(1024, 20)))).toBeGreaterThan(adam * 0.4);
    expect(states(short(llama7B, natural(2048, 20)))).toBeGreaterThan(adam);
  });

  it('grows with its rank and its history', () => {
    const of = (rank: number, history: number) => states(short(small, natural(rank, history)));
    expect([of(4, 4), of(8, 4), of(8, 8), of(64, 8)]).toEqual([of(4, 4), of(8, 4), of(8, 8), of(64, 8)].sort((a, b) => a - b));
  });
});
