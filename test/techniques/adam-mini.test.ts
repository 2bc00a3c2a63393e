/** Adam-mini against Table 1 of its paper (Zhang et al., arXiv:2406.16793): Llama 2 7B, 53.92 GB of AdamW's state, 26.96 GB. */
import { describe, expect, it } from 'vitest';
import { blocksOf } from '../../src/techniques/adam-mini/memory';
import { llama7B, over, parameters, short, states, use } from './bytes';

describe('adam-mini', () => {
  it('keeps 26.96 GB where AdamW keeps 53.91 GB', () => {
    const [adam, mini] = ['adamw', 'adam-mini'].map((name) => states(short(llama7B, { optimizer: name }))) as [number, number];
    // The paper's 53.92 is 8 bytes for 6.74e9 parameters; of the exact count it is 53.907.
    expect((adam / 1e9).toFixed(2)).toBe('53.91');
    expect((mini / 1e9).toFixed(2)).toBe('26.96');
    expect(mini).toBe(4 * parameters(llama7B) + 4 * over(llama7B, (weight) => blocksOf(llama7B, weight)));
  });

  it('shares a second moment over heads of q and k, rows of other matrices, and norms', () => {
    const of = (name: string, role: 'linear' | 'norm' | 'bias', shape: number[]) => blocksOf(llama7B, { name, role, shape });
    expect(of('attn.q', 'linear', [4096, 4096])).toBe(32);
    expect(of('attn.v', 'linear', [4096, 4096])).toBe(4096);
    expect(of('mlp.down', 'linear', [4096, 11008])).toBe(4096);
    expect(of('norm1', 'norm', [4096])).toBe(1);
    expect(of('attn.q.bias', 'bias', [4096])).toBe(4096);
  });

  it('follows the type of the moments', () => {
    const of = (type: string) => states(short(llama7B, { optimizer: use('adam-mini', { states: type }) }));
    expect(of('fp32')).toBe(2 * of('bf16'));
  });
});
