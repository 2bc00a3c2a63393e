/** Fira against its Table 1 (Chen et al., arXiv:2410.01623): GaLore's states and one number a matrix. */
import { describe, expect, it } from 'vitest';
import { llama7B, short, small, states, temporaries, use } from './bytes';

describe('fira', () => {
  it('keeps what GaLore keeps, and a float32 norm for each of 224 matrices', () => {
    const galore = states(short(llama7B, { optimizer: use('galore', { rank: 1024 }) }));
    const fira = states(short(llama7B, { optimizer: use('fira', { rank: 1024 }) }));
    expect(fira - galore).toBe(4 * 224);
    expect(((fira / 1e9) as number).toFixed(2)).toBe('9.40');
  });

  it("holds the residual and its scaled copy beside GaLore's update", () => {
    const narrow = { ...small, vocab: 97 };
    const [galore, fira] = ['galore', 'fira'].map((name) =>
      temporaries(short(narrow, { optimizer: use(name, { rank: 16 }) }), new RegExp(`^${name}\\.(mlp|attn)`)),
    ) as [number, number];
    expect(fira - galore).toBe(2 * 2 * 1408 * 512);
  });

  it('grows with its rank', () => {
    const bytes = [4, 16, 128, 512].map((rank) => states(short(small, { optimizer: use('fira', { rank }) })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
