/** Lion against its paper: one momentum, half of Adam's state (Chen et al., arXiv:2302.06675, §4.4). */
import { describe, expect, it } from 'vitest';
import { llama7B, parameters, peak, persistent, short, small, states, temporaries, use } from './bytes';

describe('lion', () => {
  it('keeps 13.48 GB for LLaMA-7B in bfloat16, half of what Adam keeps', () => {
    const bytes = states(short(llama7B, { optimizer: 'lion' }));
    expect(bytes).toBe(2 * parameters(llama7B));
    expect((bytes / 1e9).toFixed(2)).toBe('13.48');
    expect(states(short(llama7B, { optimizer: use('adamw', { states: 'parameter' }) }))).toBe(2 * bytes);
  });

  it('differs from plain gradient descent by its momentum and by the interpolation of one parameter', () => {
    const [with_, without] = [short(small, { optimizer: 'lion' }), short(small, { optimizer: 'sgd' })];
    expect({ ...persistent(with_), optimizer: 0 }).toEqual({ ...persistent(without), optimizer: 0 });
    expect(temporaries(with_, /^lion/)).toBe(3 * 2 * small.vocab * small.hidden);
    expect(peak(with_) - peak(without)).toBeGreaterThanOrEqual(2 * parameters(small));
  });
});
