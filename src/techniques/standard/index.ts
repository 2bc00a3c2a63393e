import type { Technique } from '../technique';

export const standard: Technique = {
  spec: {
    name: 'standard',
    slot: 'backward',
    exact: true,
    summary: 'Keep what forward saved and walk the layers back.',
    formula: 'every saved tensor of every layer lives from forward to its backward',
    cost: 'no recomputation',
    args: [],
  },
  // The schedule that a recipe starts with, or the one of what is trained.
  rewrite: (recipe) => recipe,
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, backward: { keep: 'all', every: 1, chunk: 0 } } }),
};
