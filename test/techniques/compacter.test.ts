/** Compacter against its Table 1 (Karimi Mahabadi et al., arXiv:2106.04647): 0.073 % of T5-base, Compacter++ 0.047 %. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { adaptersOf } from '../../src/techniques/compacter/memory';
import { recipeOf } from '../../src/techniques/recipe-of';
import { elements, parameters, peak, persistent, plan, short, small, use } from './bytes';

/** T5-base: 12 + 12 layers of width 768, 222.9M parameters, and the norms, which learn too. */
const T5 = 222.9e6;
const NORMS = 768 * (2 * 12 + 3 * 12 + 2);

describe('compacter', () => {
  it('trains 0.073 % of T5-base, and 0.047 % without adapters after attention', () => {
    const count = (branches: ('attn' | 'mlp')[]): number => {
      const { layer, shared } = adaptersOf({ hidden: 768, bottleneck: 24, division: 4, rank: 1, branches });
      return (
        24 * layer.reduce((sum, weight) => sum + elements(weight), 0) + shared.reduce((sum, weight) => sum + elements(weight), 0)
      );
    };
    expect(((100 * (count(['attn', 'mlp']) + NORMS)) / T5).toFixed(3)).toBe('0.073');
    expect(((100 * (count(['mlp']) + NORMS)) / T5).toFixed(3)).toBe('0.047');
  });

  it('adds its parameters, and moments of what learns', () => {
    const compacter = short(small, { train: use('compacter', { norms: false }) });
    const trained = trainedParameters(recipeOf(compacter));
    // Bottleneck 16: two adapters of 2 · (16 + 512) + 16 + 512 in each of 4 layers, and two cubes of side 4.
    expect(trained).toBe(4 * 2 * (2 * 528 + 528) + 2 * 64);
    const frozen = persistent(short(small, { train: 'frozen' }));
    expect(persistent(compacter).weights).toBe(frozen.weights + 2 * trained);
    expect(persistent(compacter).optimizer).toBe(8 * trained);
    expect(parameters(small)).toBeGreaterThan(trained);
  });

  it('grows with its rank and shrinks with its reduction', () => {
    const of = (args: { rank?: number; reduction?: number }) => peak(plan({ train: use('compacter', args) }));
    expect(of({ rank: 8 })).toBeGreaterThanOrEqual(of({ rank: 1 }));
    expect(of({ reduction: 64 })).toBeLessThan(of({ reduction: 4 }));
  });
});
