/** QST against its paper (Zhang et al., arXiv:2401.07159): up to 2.3 times less memory than QLoRA. */
import { describe, expect, it } from 'vitest';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { llama8B, peak, persistent, plan, short, small, use } from './bytes';

const nf4 = use('nf4', { 'double-quant': true });

describe('qst', () => {
  it('takes less than half of what QLoRA takes, at a sequence of 4096 of an 8B model', () => {
    const at = { model: llama8B, batch: 1, sequence: 4096 };
    const shared = { weights: nf4, loss: 'cut-cross-entropy' };
    const qlora = plan({ ...shared, train: use('lora', { rank: 64, targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] }) }, at);
    expect(peak(qlora) / peak(plan({ ...shared, train: 'qst' }, at))).toBeGreaterThan(2.3);
  });

  it('keeps the base in 4 bits, and trains a network a sixteenth as wide with rungs of low rank', () => {
    const [qst, frozen] = [short(small, { weights: nf4, train: 'qst' }), short(small, { weights: nf4, train: 'frozen' })];
    const side = 2 * 32 * 32 + 2 * 8 * 32 + 3 * 32 * 88 + 2 * 32;
    const rung = 16 * 512 + 32 * 16;
    const trained = 4 * (side + rung + 32) + rung + 32 * 512;
    expect(trainedParameters(recipeOf(qst))).toBe(trained);
    expect(persistent(qst).weights - persistent(frozen).weights).toBe(2 * trained);
  });

  it('grows with the rank of its rungs', () => {
    const bytes = [1, 16, 64].map((rank) => peak(plan({ weights: nf4, train: use('qst', { rank }) })));
    expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
  });
});
