/** WTA-CRS against its code (Liu et al., arXiv:2305.15265): ρ · rows of each trained matrix's input, at least 10, and 8 bytes a row. */
import { describe, expect, it } from 'vitest';
import { mostOf, peak, plan, use } from './bytes';

const sampling = (share: number) => ({ activations: use('column-row-sampling', { share }) });
const rows = 512;

describe('column-row-sampling', () => {
  it('keeps a sample for each product of a trained matrix', () => {
    // q, k, v, gate and up read 512 features, o 512 and down 1408, in each of 4 layers.
    const kept = mostOf(plan(sampling(0.25)), /\.sample(\.rows)?$/, ['backward']);
    expect(kept).toBe(4 * (rows / 4) * (2 * (6 * 512 + 1408) + 7 * 8));
  });

  it('keeps at least 10 rows', () => {
    expect(mostOf(plan(sampling(0)), /\.sample\.rows$/, ['backward'])).toBe(4 * 7 * 10 * 8);
  });

  it('is exact where all rows are kept', () => {
    expect(peak(plan(sampling(1)))).toBe(peak(plan({})));
  });

  it('leaves frozen matrices alone, and samples adapters', () => {
    const lora = plan({ ...sampling(0.25), train: use('lora', { targets: ['up'], 'adapter-precision': 'bf16' }) });
    expect(mostOf(lora, /\.sample$/, ['backward'])).toBe(4 * 2 * (rows / 4) * (512 + 16));
  });

  it('grows with its share', () => {
    const bytes = [0, 0.1, 0.3, 0.6].map((share) => peak(plan(sampling(share), { batch: 4, sequence: 512 })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
