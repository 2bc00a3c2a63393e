import { number, word } from '../arguments';
import { adaptersAreLowRank, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { frugalStates, frugalStep, type Subspace } from './memory';

export const frugal: Technique = {
  spec: {
    name: 'frugal',
    slot: 'optimizer',
    exact: false,
    summary: "Adam for a share of the layers' matrices, the sign of the gradient for the rest; the share moves.",
    formula: 'for each m × n matrix of the layers: 2 · density · m · n elements, + 8 · density · n bytes of column numbers',
    cost: 'moments start anew whenever the share moves',
    args: [
      {
        name: 'density',
        type: { kind: 'number', min: 0, max: 1 },
        default: 0.25,
        doc: 'Share of each matrix that keeps moments: 1 is AdamW, 0 is signSGD.',
      },
      {
        name: 'subspace',
        type: { kind: 'choice', of: ['blocks', 'columns'] },
        default: 'blocks',
        doc: 'What makes up the share: whole matrices, or columns of every matrix.',
      },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 200, doc: 'Steps until the share moves.' },
    ],
    usual: [],
    excludes: [adaptersAreLowRank('FRUGAL'), ...wholeMatrices('FRUGAL')],
    citation: arxiv('2411.07837', 'FRUGAL: Memory-Efficient Optimization by Reducing State Overhead for Scalable Training'),
  },
  rewrite: (recipe, args) => {
    const density = number(args, 'density');
    const subspace = word(args, 'subspace') as Subspace;
    return {
      ...recipe,
      layerwise: false,
      states: frugalStates(density, subspace),
      pytorch: { ...recipe.pytorch, optimizerStep: (step, parameters) => frugalStep(step, parameters, density, subspace) },
    };
  },
};
