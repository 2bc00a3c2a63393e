/** AdamW (Loshchilov and Hutter, arXiv:1711.05101): 16 bytes a parameter of mixed precision, of which 12 are states and the master copy. */
import { describe, expect, it } from 'vitest';
import { highest, llama7B, parameters, short, small, states, use } from './bytes';

const adamw = (args: { [name: string]: boolean | string }) => short(small, { optimizer: use('adamw', args) });

describe('adamw', () => {
  it('holds 16 bytes a parameter with 16-bit weights and gradients, float32 moments and a master copy', () => {
    const bytes = highest(short(llama7B, { optimizer: use('adamw', { master: true, fused: true }) }), 'optimizer');
    expect(bytes).toBe(16 * parameters(llama7B) + 256);
  });

  it('keeps moments of the type that is stated, or of the parameter', () => {
    expect(states(adamw({}))).toBe(8 * parameters(small));
    expect(states(adamw({ states: 'bf16' }))).toBe(4 * parameters(small));
    expect(states(adamw({ states: 'parameter' }))).toBe(4 * parameters(small));
    expect(states(adamw({ master: true }))).toBe(12 * parameters(small));
  });

  it('makes all square roots at once with foreach, of one parameter in a loop, none where fused', () => {
    const [foreach, loop, fused] = [adamw({}), adamw({ foreach: false }), adamw({ fused: true })].map((one) =>
      highest(one, 'optimizer'),
    ) as [number, number, number];
    expect(foreach - fused).toBe(4 * parameters(small));
    expect(loop - fused).toBe(2 * 4 * small.vocab * small.hidden);
  });
});
