import { number } from '../arguments';
import { adaptersAreLowRank, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { firaStates, firaStep } from './memory';

export const fira: Technique = {
  spec: {
    name: 'fira',
    slot: 'optimizer',
    exact: false,
    summary: 'GaLore, and the rest of the gradient outside the subspace, scaled as Adam scales inside it.',
    formula: 'as GaLore with AdamW inside, + 4 bytes a matrix; two full matrices for a moment',
    cost: "GaLore's SVDs; the update has full rank again",
    args: [
      { name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 128, doc: 'Dimension of the subspace.' },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 200, doc: 'Steps between refreshes of the subspace.' },
    ],
    usual: [],
    excludes: [adaptersAreLowRank('Fira'), ...wholeMatrices('Fira')],
    citation: arxiv('2410.01623', 'Fira: Can We Achieve Full-rank Training of LLMs Under Low-rank Constraint?'),
  },
  rewrite: (recipe, args) => {
    const rank = number(args, 'rank');
    return {
      ...recipe,
      layerwise: false,
      states: firaStates(rank),
      pytorch: {
        ...recipe.pytorch,
        optimizerStep: (step, parameters) => firaStep(step, parameters, rank, number(args, 'every')),
      },
    };
  },
};
