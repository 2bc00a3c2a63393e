/** BAdam against its paper's count (Luo et al., arXiv:2404.02827, §2.2): 2M + 16M/D GB, for M parameters in D blocks. */
import { describe, expect, it } from 'vitest';
import { highest, llama8B, mostOf, parameters, peak, plan, short, small, use } from './bytes';

const badam = (layers = 1) => ({
  train: use('badam', { layers }),
  gradients: 'fp32',
  optimizer: use('adamw', { master: true, fused: true }),
});

describe('badam', () => {
  it('holds 2 bytes a parameter and 16 a parameter of one layer: 19.55 GB for Llama-3-8B', () => {
    const layer = 2 * 4096 * 4096 + 2 * 1024 * 4096 + 3 * 4096 * 14336 + 2 * 4096;
    const bytes = highest(short(llama8B, badam()), 'optimizer');
    // The rotary frequencies are 256 bytes more.
    expect(bytes).toBe(2 * parameters(llama8B) + 16 * layer + 256);
    expect((bytes / 1e9).toFixed(2)).toBe('19.55');
  });

  it('leaves embedding and head alone', () => {
    expect(mostOf(plan(badam()), /^(embed|head|loss).*main_grad/)).toBe(0);
  });

  it('keeps the least in frozen layers, and runs backward through all of them', () => {
    const kept = (layers: number) => peak(plan(badam(layers)));
    expect([kept(1), kept(2), kept(3), kept(4)]).toEqual([kept(1), kept(2), kept(3), kept(4)].sort((a, b) => a - b));
    const frozen = highest(plan({ train: 'frozen', optimizer: 'none' }), 'forward');
    expect(highest(plan(badam()), 'forward')).toBeGreaterThan(frozen + small.layers * 2 * 256 * 2 * small.ffn);
  });
});
