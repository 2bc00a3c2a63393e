/** COSMOS against its formula (Liu et al., arXiv:2502.17410): mn + r(m + n) + r² for a matrix of at most 10000 rows. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, others, short, small, states, use } from './bytes';

const cosmos = (rank: number) => ({ optimizer: use('cosmos', { rank }) });

describe('cosmos', () => {
  it('keeps the full momentum, and leaves matrices of more than 10000 rows to Adam', () => {
    const r = 64;
    const expected = matrices(llama7B, (m, n) => (m > 10_000 ? 2 * m * n : m * n + r * (m + n) + r * r));
    expect(states(short(llama7B, cosmos(r)))).toBe(2 * (expected + 2 * others(llama7B)));
  });

  it('keeps Adam’s moments, a square basis and a square Gram matrix at full rank of a square matrix', () => {
    const square = { ...small, heads: 8, kvHeads: 8, ffn: 512 };
    const adam = states(short(square, { optimizer: use('adamw', { states: 'parameter' }) }));
    expect(states(short(square, cosmos(512))) - adam).toBe(2 * matrices(square, () => 2 * 512 * 512));
  });

  it('grows with its rank', () => {
    const bytes = [1, 16, 64, 256].map((rank) => states(short(small, cosmos(rank))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
