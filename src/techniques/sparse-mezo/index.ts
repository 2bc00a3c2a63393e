import { flag, number, word } from '../arguments';
import { FUSED, NO_BACKWARD } from '../mezo';
import { mezoRecipe, type Perturbation } from '../mezo/memory';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const sparseMezo: Technique = {
  spec: {
    name: 'sparse-mezo',
    slot: 'optimizer',
    exact: false,
    summary: 'MeZO on the small weights only, below a threshold in each layer.',
    formula: 'as MeZO, + nothing, an eighth of a byte or a byte for each weight, as the mask is kept',
    cost: 'as MeZO; the mask must be the same in every pass, so it comes from the weights before they move',
    args: [
      { name: 'eps', type: { kind: 'number', min: 0 }, default: 0.001, doc: 'Length of the perturbation.' },
      {
        name: 'sparsity',
        type: { kind: 'number', min: 0, max: 1 },
        default: 0.75,
        doc: 'Share of the weights that stand still; bytes do not depend on it.',
      },
      {
        name: 'mask',
        type: { kind: 'choice', of: ['recomputed', 'packed', 'bytes'] },
        default: 'recomputed',
        doc: 'How the mask is kept: found again in each pass, in bits, or in bytes.',
      },
      FUSED,
    ],
    usual: [],
    excludes: NO_BACKWARD,
    citation: arxiv('2402.15751', 'Sparse MeZO: Less Parameters for Better Performance in Zeroth-Order LLM Fine-Tuning'),
  },
  refuses: ({ accumulate }) =>
    accumulate > 1 ? 'Sparse MeZO estimates one gradient a step: micro-batches are not gathered' : undefined,
  rewrite: (recipe, args) => {
    // With no weight left out there is nothing to mask.
    const mask = number(args, 'sparsity') > 0 ? { mask: word(args, 'mask') as NonNullable<Perturbation['mask']> } : {};
    return mezoRecipe(recipe, 'sparse-mezo', { fused: flag(args, 'fused'), ...mask });
  },
};
