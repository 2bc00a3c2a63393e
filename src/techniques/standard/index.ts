import type { Technique } from '../technique';
import { standardPytorch } from './memory';

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
  rewrite: (recipe) => ({ ...recipe, pytorch: { ...recipe.pytorch, schedule: standardPytorch } }),
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, backward: { keep: 'all', every: 1, chunk: 0 } } }),
};
