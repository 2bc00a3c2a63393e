import { number } from '../arguments';
import { adaptersAreLowRank, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { cosmosStates, cosmosStep } from './memory';

export const cosmos: Technique = {
  spec: {
    name: 'cosmos',
    slot: 'optimizer',
    exact: false,
    summary: "Adam in the leading eigenspace of a matrix's gradient, Muon in the rest; a full momentum is kept.",
    formula: 'for each m × n matrix of the layers with m ≤ 10000: m · n + rank · (m + n) + rank² elements; others as Adam',
    cost: 'five Newton–Schulz steps and a thin QR of each matrix a step',
    args: [{ name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 64, doc: 'Dimension of the eigenspace.' }],
    usual: [],
    excludes: [adaptersAreLowRank('COSMOS'), ...wholeMatrices('COSMOS')],
    citation: arxiv('2502.17410', 'COSMOS: A Hybrid Adaptive Optimizer for Memory-Efficient Training of LLMs'),
  },
  rewrite: (recipe, args) => {
    const rank = number(args, 'rank');
    return {
      ...recipe,
      layerwise: false,
      states: cosmosStates(rank),
      pytorch: { ...recipe.pytorch, optimizerStep: (step, parameters) => cosmosStep(step, parameters, rank) },
    };
  },
};
