import { oneMicroBatch, UPDATES_BEFORE_AVERAGE } from '../relations';
import { sgdRule } from '../sgd/webgpu';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { lomoStep } from './memory';

export const lomo: Technique = {
  spec: {
    name: 'lomo',
    slot: 'optimizer',
    exact: true,
    summary: 'Gradient descent inside backward: each gradient is used and let go at once.',
    formula: 'no states; gradients: the largest parameter in place of all of them; float32 copies of one parameter',
    cost: 'no momentum; gradients cannot be clipped by their norm, or gathered over micro-batches, without another backward',
    args: [],
    usual: [],
    excludes: [
      { slot: 'gradients', names: ['*'], why: 'gradients end where they are made: none is kept in a type of its own' },
      UPDATES_BEFORE_AVERAGE,
    ],
    citation: arxiv('2306.09782', 'Full Parameter Fine-tuning for Large Language Models with Limited Resources'),
  },
  refuses: oneMicroBatch('LOMO'),
  rewrite: (recipe) => ({
    ...recipe,
    layerwise: 'parameter',
    states: () => [],
    pytorch: { ...recipe.pytorch, optimizerStep: lomoStep },
  }),
  learning: { rate: () => 0.2 },
  // A layer's gradients end with its backward.
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: sgdRule(0) } }),
};
