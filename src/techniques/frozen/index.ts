import type { Technique } from '../technique';

export const frozen: Technique = {
  spec: {
    name: 'frozen',
    slot: 'train',
    exact: true,
    summary: 'Nothing learns: forward and loss only.',
    formula: 'no gradients, no states, nothing kept',
    cost: 'no training',
    args: [],
  },
  rewrite: (recipe) => ({ ...recipe, adapters: null, trains: () => false }),
};
