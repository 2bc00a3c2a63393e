/** APOLLO against its formula (Zhu et al., arXiv:2412.05270, Table 1): 2nr + 2 for an m × n matrix, projection apart. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, others, short, small, states, temporaries, use } from './bytes';

const apollo = (rank: number, projection = 'kept') => ({ optimizer: use('apollo', { rank, projection }) });

describe('apollo', () => {
  it('keeps 3.14 GB for LLaMA-7B at rank 256 in bfloat16', () => {
    const bytes = states(short(llama7B, apollo(256)));
    const low = matrices(llama7B, (m, n) => 256 * (2 * Math.max(m, n) + Math.min(m, n)));
    expect(bytes).toBe(2 * (low + 2 * others(llama7B)) + 4 * 7 * 32);
    expect((bytes / 1e9).toFixed(2)).toBe('3.14');
  });

  it('leaves out the projection where it is drawn from its seed', () => {
    const [kept, drawn] = [states(short(small, apollo(16))), states(short(small, apollo(16, 'seed')))];
    expect(kept - drawn).toBe(2 * 16 * matrices(small, (m, n) => Math.min(m, n)));
  });

  it("at full rank keeps Adam's moments, a square projection and one number a matrix", () => {
    const adam = states(short(small, { optimizer: use('adamw', { states: 'parameter' }) }));
    const bookkeeping = matrices(small, (m, n) => 2 * Math.min(m, n) ** 2 + 4);
    expect(states(short(small, apollo(65536))) - adam).toBe(bookkeeping);
  });

  it('grows with its rank and stops at full rank', () => {
    const bytes = [1, 16, 128, 512, 600].map((rank) => states(short(small, apollo(rank))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
    expect(bytes[4]).toBe(states(short(small, apollo(1000))));
  });

  it('scales one full gradient out of place', () => {
    const narrow = { ...small, vocab: 97 };
    const low = 2 * 16 * 1408;
    expect(temporaries(short(narrow, apollo(16)), /^apollo/)).toBe(3 * low + 2 * 1408 * 512);
  });
});
