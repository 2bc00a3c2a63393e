/** Sparse MeZO (Liu et al., arXiv:2402.15751): MeZO's memory where the mask is found again, P/8 or P bytes where it is kept. */
import { describe, expect, it } from 'vitest';
import { parameters, peak, plan, short, small, states, use } from './bytes';

const sparse = (args: { mask?: string; sparsity?: number; fused?: boolean }) => ({ optimizer: use('sparse-mezo', args) });

describe('sparse-mezo', () => {
  it('keeps nothing, a bit or a byte for each weight', () => {
    expect(states(short(small, sparse({ mask: 'recomputed' })))).toBe(0);
    expect(states(short(small, sparse({ mask: 'packed' })))).toBe(parameters(small) / 8);
    expect(states(short(small, sparse({ mask: 'bytes' })))).toBe(parameters(small));
  });

  it('is MeZO where no weight is left out, and where fused and found again', () => {
    expect(peak(plan(sparse({ sparsity: 0, mask: 'bytes' })))).toBe(peak(plan({ optimizer: 'mezo' })));
    expect(peak(plan(sparse({ fused: true })))).toBe(peak(plan({ optimizer: use('mezo', { fused: true }) })));
  });
});
