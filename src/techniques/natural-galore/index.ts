import { number } from '../arguments';
import { adaptersAreLowRank, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { naturalGaloreStates, naturalGaloreStep } from './memory';

export const naturalGalore: Technique = {
  spec: {
    name: 'natural-galore',
    slot: 'optimizer',
    exact: false,
    summary: 'GaLore from both sides, with the inverse Fisher of the last projected gradients before Adam.',
    formula: 'for each m × n matrix of the layers: rank · (m + n) + (2 + history) · rank² elements; more than Adam at high rank',
    cost: 'two SVDs of each matrix every `every` steps, a small solve a step, and the history: real memory',
    args: [
      {
        name: 'rank',
        type: { kind: 'count', min: 1, max: 65536 },
        default: 128,
        doc: 'Dimension of the subspace on either side.',
      },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 200, doc: 'Steps between refreshes of the subspace.' },
      { name: 'history', type: { kind: 'count', min: 1, max: 1024 }, default: 20, doc: 'Projected gradients that are kept.' },
    ],
    usual: [],
    excludes: [adaptersAreLowRank('Natural GaLore'), ...wholeMatrices('Natural GaLore')],
    citation: arxiv('2410.16029', 'Natural GaLore: Accelerating GaLore for memory-efficient LLM Training and Fine-tuning'),
  },
  rewrite: (recipe, args) => {
    const rank = number(args, 'rank');
    const history = number(args, 'history');
    return {
      ...recipe,
      layerwise: false,
      states: naturalGaloreStates(rank, history),
      pytorch: {
        ...recipe.pytorch,
        optimizerStep: (step, parameters) => naturalGaloreStep(step, parameters, { rank, history, every: number(args, 'every') }),
      },
    };
  },
};
