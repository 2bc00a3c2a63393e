/** APOLLO-Mini against its formula (Zhu et al., arXiv:2412.05270): rank 1; 1.06 GB for LLaMA-7B, of which 1.05 GB is Adam's for the rest. */
import { describe, expect, it } from 'vitest';
import { llama7B, others, short, small, states, use } from './bytes';

describe('apollo-mini', () => {
  it('keeps 1.06 GB for LLaMA-7B in bfloat16, nearly all of it for embedding and head', () => {
    const bytes = states(short(llama7B, { optimizer: 'apollo-mini' }));
    expect((bytes / 1e9).toFixed(2)).toBe('1.06');
    expect(((4 * others(llama7B)) / 1e9).toFixed(2)).toBe('1.05');
  });

  it('is APOLLO at rank 1', () => {
    for (const projection of ['kept', 'seed'])
      expect(states(short(small, { optimizer: use('apollo-mini', { projection }) }))).toBe(
        states(short(small, { optimizer: use('apollo', { rank: 1, projection }) })),
      );
  });
});
