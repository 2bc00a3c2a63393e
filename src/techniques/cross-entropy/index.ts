import { fullLogits } from '../../tape/pytorch/loss';
import type { Technique } from '../technique';

export const crossEntropy: Technique = {
  spec: {
    name: 'cross-entropy',
    slot: 'loss',
    exact: true,
    summary: 'All logits at once, and their cross-entropy.',
    formula: 'tokens · vocab · 14 bytes at the peak in bf16 (logits 2, log-probabilities 4, two gradients 4 + 4)',
    cost: 'none',
    args: [],
  },
  rewrite: (recipe) => ({ ...recipe, pytorch: { ...recipe.pytorch, loss: fullLogits } }),
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, head: { kind: 'chunks', positions: 0 } } }),
};
