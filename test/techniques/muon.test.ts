/** Muon against its repository (KellerJordan/Muon): one momentum a hidden matrix, AdamW for the rest. */
import { describe, expect, it } from 'vitest';
import { llama7B, matrices, others, short, small, states, temporaries, use } from './bytes';

describe('muon', () => {
  it('keeps one momentum for matrices and two moments for the rest: 14.00 GB for LLaMA-7B in bfloat16', () => {
    const bytes = states(short(llama7B, { optimizer: 'muon' }));
    expect(bytes).toBe(2 * matrices(llama7B, (m, n) => m * n) + 4 * others(llama7B));
    expect((bytes / 1e9).toFixed(2)).toBe('14.00');
  });

  it('orthogonalises one matrix at a time, in two copies of it and two squares of its smaller side', () => {
    // A 1408 × 512 matrix outweighs the 4000 × 512 embedding's denominator and update only with a small vocabulary.
    const narrow = { ...small, vocab: 97 };
    expect(temporaries(short(narrow, { optimizer: 'muon' }), /^muon/)).toBe(4 * 1408 * 512 + 4 * 512 * 512);
  });

  it('costs time, not bytes, for more steps', () => {
    const of = (steps: number) => short(small, { optimizer: use('muon', { steps }) });
    expect(states(of(10))).toBe(states(of(1)));
  });
});
