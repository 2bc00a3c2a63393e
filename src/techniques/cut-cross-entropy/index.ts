import { flag } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { cutCrossEntropy as lower } from './memory';
import { CUT_TILE, FILTER_LEAST } from './webgpu';

export const cutCrossEntropy: Technique = {
  spec: {
    name: 'cut-cross-entropy',
    slot: 'loss',
    exact: true,
    summary: 'Cross-entropy without ever storing logits.',
    formula: 'tokens · 8 bytes',
    cost: "the head's product once more in backward; with the filter, gradients below 2⁻¹² are left out block by block",
    args: [
      {
        name: 'filter',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Leave out blocks of logits whose gradients are all below 2⁻¹², as the published kernels do in bf16; exact without.',
      },
    ],
    citation: arxiv('2411.09009', 'Cut Your Losses in Large-Vocabulary Language Models'),
  },
  rewrite: (recipe) => ({ ...recipe, pytorch: { ...recipe.pytorch, loss: lower } }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, head: { kind: 'tiles', ...CUT_TILE, least: flag(args, 'filter') ? FILTER_LEAST : 0 } },
  }),
};
