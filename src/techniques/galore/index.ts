import { flag, number, use } from '../arguments';
import { adaptersAreLowRank, insideBackward, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { galoreStates, galoreStep } from './memory';
import { galoreWebgpu } from './webgpu';

export const galore: Technique = {
  spec: {
    name: 'galore',
    slot: 'optimizer',
    exact: false,
    summary: 'Adam on the gradient projected to a low-rank subspace that is refreshed by an SVD.',
    formula:
      'for each m × n matrix of the layers: rank · min(m, n) + 2 · rank · max(m, n) elements; others as the inner optimizer',
    cost: 'an SVD of each matrix every `every` steps; updates stay in the subspace',
    args: [
      { name: 'rank', type: { kind: 'count', min: 1 }, default: 128, doc: 'Dimension of the subspace.' },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 200, doc: 'Steps between refreshes of the subspace.' },
      { name: 'scale', type: { kind: 'number', min: 0 }, default: 0.25, doc: 'Factor on the update that is projected back.' },
      {
        name: 'inner',
        type: { kind: 'technique', slot: 'optimizer', of: ['adamw', 'adamw8bit'] },
        default: 'adamw',
        doc: 'Optimizer inside the subspace.',
      },
      {
        name: 'layerwise',
        type: { kind: 'boolean' },
        default: false,
        doc: "Update each layer inside backward, so that only one layer's gradients exist.",
      },
    ],
    excludes: [adaptersAreLowRank('GaLore'), ...wholeMatrices('GaLore')],
    usual: [{}, { layerwise: true }, { inner: { name: 'adamw8bit', args: {} }, layerwise: true }],
    citation: arxiv('2403.03507', 'GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection'),
  },
  refuses: insideBackward('Layerwise GaLore', 'layerwise'),
  rewrite: (recipe, args) => {
    const rank = number(args, 'rank');
    const inner = use(args.inner) ?? { name: 'adamw', args: {} };
    return {
      ...recipe,
      layerwise: flag(args, 'layerwise'),
      states: galoreStates(rank, inner),
      pytorch: {
        ...recipe.pytorch,
        optimizerStep: (step, parameters) =>
          galoreStep(step, parameters, { rank, inner: inner.name, every: number(args, 'every') }),
      },
    };
  },
  learning: { rate: () => 0.01 },
  webgpu: (recipe, args) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: galoreWebgpu(args) } }),
};
