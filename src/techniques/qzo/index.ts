import { flag } from '../arguments';
import { FUSED, NO_BACKWARD } from '../mezo';
import { mezoRecipe, scalesOf } from '../mezo/memory';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const qzo: Technique = {
  spec: {
    name: 'qzo',
    slot: 'optimizer',
    exact: false,
    summary: 'MeZO on the scales of quantized weights; their codes stay as they are.',
    formula: 'quantized weights and inference memory; copies of the largest set of scales for a moment',
    cost: 'two forwards a step; the directional derivative is clipped',
    args: [{ name: 'eps', type: { kind: 'number', min: 0 }, default: 0.001, doc: 'Length of the perturbation.' }, FUSED],
    usual: [],
    excludes: NO_BACKWARD,
    needs: [
      { slot: 'weights', names: ['int8', 'int4', 'int3', 'nf4'], why: 'what moves are the scales of quantized weights' },
      { slot: 'train', names: ['frozen'], why: 'nothing but the scales learns' },
    ],
    citation: arxiv('2505.13430', 'Fine-tuning Quantized Neural Networks with Zeroth-order Optimization'),
  },
  refuses: ({ accumulate }) => (accumulate > 1 ? 'QZO estimates one gradient a step: micro-batches are not gathered' : undefined),
  rewrite: (recipe, args) => mezoRecipe(recipe, 'qzo', { fused: flag(args, 'fused'), perturbed: scalesOf }),
};
