import type { Technique } from '../technique';

export const none: Technique = {
  spec: {
    name: 'none',
    slot: 'optimizer',
    exact: true,
    summary: 'Forward and backward only; parameters stay as they are.',
    formula: '0',
    cost: 'no optimizer step',
    args: [],
    usual: [],
  },
  rewrite: (recipe) => ({
    ...recipe,
    states: () => [],
    layerwise: false,
    pytorch: { ...recipe.pytorch, optimizerStep: () => {} },
  }),
  learning: { only: 'nothing' },
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: null } }),
};
