import type { Technique } from '../technique';

export const full: Technique = {
  spec: {
    name: 'full',
    slot: 'train',
    exact: true,
    summary: 'Every parameter learns.',
    formula: 'gradients and states for every parameter',
    cost: 'none',
    args: [],
  },
  rewrite: (recipe) => ({ ...recipe, adapters: null, trains: () => true }),
  webgpu: (recipe) => recipe,
};
