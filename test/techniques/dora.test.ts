/** DoRA against its Table 1 (Liu et al., arXiv:2402.09353): 0.84 % of LLaMA-7B learns where LoRA's 0.83 % do. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { llama7B, mostOf, parameters, peak, persistent, plan, short, small, use } from './bytes';

const targets = ['q', 'k', 'v', 'up', 'down'];
const share = (name: string): string => {
  const trained = trainedParameters(recipeOf(short(llama7B, { train: use(name, { rank: 32, targets }) })));
  return ((100 * trained) / (parameters(llama7B) + trained)).toFixed(2);
};

describe('dora', () => {
  it('trains 0.84 % of LLaMA-7B at rank 32, LoRA 0.83 %', () => {
    expect(share('dora')).toBe('0.84');
    expect(share('lora')).toBe('0.83');
  });

  it('adds a float32 magnitude and its moments for each row of a target', () => {
    const [lora, dora] = ['lora', 'dora'].map((name) =>
      persistent(short(small, { train: use(name, { rank: 4, targets: ['up'] }) })),
    );
    expect((dora?.weights ?? 0) - (lora?.weights ?? 0)).toBe(4 * 4 * 1408);
    expect((dora?.optimizer ?? 0) - (lora?.optimizer ?? 0)).toBe(4 * 8 * 1408);
  });

  it('merges one matrix at a time, in float32', () => {
    const dora = short(small, { train: use('dora', { rank: 4, targets: ['up'] }) });
    // The base's float32 copy and the merged matrix, beside B · A.
    expect(mostOf(dora, /merged(\.update)?$|base\.copy$/)).toBe(3 * 4 * 1408 * 512);
  });

  it('keeps output and update of each target, so costs more than LoRA', () => {
    const of = (name: string) => peak(plan({ train: use(name, { rank: 4, targets: ['up'] }) }, { sequence: 2048 }));
    expect(of('dora')).toBeGreaterThan(of('lora'));
  });
});
