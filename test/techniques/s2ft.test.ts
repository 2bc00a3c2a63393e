/** S²FT against its formula (Yang et al., arXiv:2412.06289): for s of n channels b·T·s of input, s·m of gradient and moments. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { highest, matrices, peak, persistent, plan, short, small, use } from './bytes';

const s2ft = (share: number, targets = ['o', 'down']) => ({ train: use('s2ft', { share, targets }) });

describe('s2ft', () => {
  it('trains slices in place: no weights are added, moments are those of the slices', () => {
    const plain = persistent(short(small, { train: 'frozen' }));
    const bytes = persistent(short(small, s2ft(0.25)));
    expect(bytes.weights).toBe(plain.weights);
    expect(bytes.optimizer).toBe(4 * 8 * (512 * 128 + 512 * 352));
  });

  it('keeps the channels of the slice, not the input', () => {
    const kept = (share: number) => {
      const of = plan({ ...s2ft(share, ['down']), optimizer: 'none' });
      return highest(of, 'forward');
    };
    expect(kept(0.5) - kept(0.25)).toBe(4 * 2 * 256 * 352 * 2);
  });

  it('trains the whole target at share 1', () => {
    const trained = trainedParameters(recipeOf(short(small, s2ft(1, ['down']))));
    expect(trained).toBe(matrices(small, (m, n) => (n === 1408 ? m * n : 0)));
  });

  it('trains nothing at share 0', () => {
    expect(peak(plan(s2ft(0)))).toBe(peak(plan({ train: 'frozen' })));
  });

  it('grows with its share', () => {
    const bytes = [0, 0.01, 0.1, 0.5, 1].map((share) => peak(plan(s2ft(share))));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
