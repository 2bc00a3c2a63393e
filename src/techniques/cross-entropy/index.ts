import { fullLogits } from '../../tape/pytorch/loss';
import { flag } from '../arguments';
import type { Technique } from '../technique';

export const crossEntropy: Technique = {
  spec: {
    name: 'cross-entropy',
    slot: 'loss',
    exact: true,
    summary: 'All logits at once, and their cross-entropy.',
    formula: 'tokens · vocab · 14 bytes at the peak in bf16 (logits 2, log-probabilities 4, two gradients 4 + 4)',
    cost: 'none',
    args: [
      {
        name: 'upcast',
        type: { kind: 'boolean' },
        default: true,
        doc: "Raise logits to float32 as transformers does. Models' own code may take them as they are; autocast raises them all the same.",
      },
    ],
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, loss: fullLogits, lossInOwnType: !flag(args, 'upcast') },
  }),
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, head: { kind: 'chunks', positions: 0 } } }),
};
