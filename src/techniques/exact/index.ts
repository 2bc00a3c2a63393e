import type { Technique } from '../technique';

export const exact: Technique = {
  spec: {
    name: 'exact',
    slot: 'activations',
    exact: true,
    summary: 'Saved tensors are kept as they are.',
    formula: 'as saved',
    cost: 'none',
    args: [],
  },
  rewrite: (recipe) => recipe,
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, kept: null } }),
};
