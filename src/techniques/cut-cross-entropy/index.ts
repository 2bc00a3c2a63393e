import type { Technique } from '../technique';
import { cutCrossEntropy as lower } from './memory';
import { CUT_TILE } from './webgpu';

export const cutCrossEntropy: Technique = {
  spec: {
    name: 'cut-cross-entropy',
    slot: 'loss',
    exact: true,
    summary: 'Cross-entropy without ever storing logits.',
    formula: 'tokens · 8 bytes',
    cost: "the head's product once more in backward; tiny gradients may be skipped",
    args: [],
    citation: {
      title: 'Cut Your Losses in Large-Vocabulary Language Models',
      id: 'arXiv:2411.09009',
      url: 'https://arxiv.org/abs/2411.09009',
    },
  },
  rewrite: (recipe) => ({ ...recipe, pytorch: { ...recipe.pytorch, loss: lower } }),
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, head: { kind: 'tiles', ...CUT_TILE } } }),
};
