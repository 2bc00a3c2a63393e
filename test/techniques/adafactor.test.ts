/** Adafactor against its paper: n + m in place of n · m (Shazeer and Stern, arXiv:1804.04235, §3). */
import { describe, expect, it } from 'vitest';
import { llama7B, others, over, parameters, short, small, states, temporaries, use } from './bytes';

/** Rows and columns of matrices, elements of vectors. */
const factored = (model: typeof small): number => over(model, ({ shape: [m = 1, n] }) => (n === undefined ? m : m + n));

describe('adafactor', () => {
  it('keeps a row and a column in float32 for each matrix: 11.3 MB for LLaMA-7B', () => {
    const bytes = states(short(llama7B, { optimizer: 'adafactor' }));
    expect(bytes).toBe(4 * factored(llama7B));
    // 32 · (4 · (4096 + 4096) + 3 · (4096 + 11008) + 2 · 4096) + 2 · (32000 + 4096) + 4096 = 2,836,992 floats
    expect(factored(llama7B)).toBe(2_836_992);
    expect(others(llama7B)).toBeGreaterThan(0);
  });

  it('keeps a momentum of every parameter where it is asked for', () => {
    const [plain, momentum] = [false, true].map((value) =>
      states(short(small, { optimizer: use('adafactor', { momentum: value }) })),
    ) as [number, number];
    expect(momentum - plain).toBe(4 * parameters(small));
  });

  it('works on float32 copies of one parameter at a time', () => {
    const embedding = small.vocab * small.hidden;
    expect(temporaries(short(small, { optimizer: 'adafactor' }), /^adafactor/)).toBe(16 * embedding);
    expect(temporaries(short(small, { optimizer: 'adafactor', precision: 'fp32' }), /^adafactor/)).toBe(8 * embedding);
  });
});
