/** BitFit (Ben Zaken et al., arXiv:2106.10199, Table 1): 0.09 % of BERT-base's parameters are biases, 0.08 % of BERT-large's. */
import { describe, expect, it } from 'vitest';
import { completeModel } from '../../src/plan/families';
import { parameterCount } from '../../src/plan/weights';
import { trainedParameters } from '../../src/planner/parameters';
import { recipeOf } from '../../src/techniques/recipe-of';
import { peak, persistent, plan, short, small, states } from './bytes';

const bert = (layers: number, hidden: number) =>
  completeModel('bert', { family: 'bert', layers, hidden, heads: hidden / 64, vocab: 30522 });

describe('bitfit', () => {
  it('trains 0.09 % of BERT-base and 0.08 % of BERT-large', () => {
    for (const [model, share] of [
      [bert(12, 768), 0.09],
      [bert(24, 1024), 0.08],
    ] as const) {
      // The task's classifier takes the place of the masked-language head, whose biases are not the paper's.
      const head = model.vocab + 2 * model.hidden;
      const biases = trainedParameters(recipeOf(short(model, { train: 'bitfit' }))) - head;
      expect(((100 * biases) / parameterCount(model)).toFixed(2)).toBe(share.toFixed(2));
    }
  });

  it('keeps moments of the biases only', () => {
    const model = bert(2, 128);
    expect(states(short(model, { train: 'bitfit' }))).toBe(8 * trainedParameters(recipeOf(short(model, { train: 'bitfit' }))));
  });

  it('is a frozen model where there are no biases', () => {
    const [bitfit, frozen] = [plan({ train: 'bitfit' }), plan({ train: 'frozen' })];
    expect(persistent(bitfit)).toEqual(persistent(frozen));
    expect(peak(bitfit)).toBe(peak(frozen));
    expect(small.family).toBe('llama');
  });
});
