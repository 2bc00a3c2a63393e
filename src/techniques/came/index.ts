import { shardsAreParts } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { cameStates, cameStep } from './memory';

export const came: Technique = {
  spec: {
    name: 'came',
    slot: 'optimizer',
    exact: false,
    summary: 'Adafactor with a momentum whose steps are shortened where it and the update disagree.',
    formula: '4 · m · n + 8 · (m + n) bytes for each m × n matrix, 8 a parameter for vectors',
    cost: 'float32 copies of the gradient, the update and their distance, of one parameter at a time',
    args: [],
    excludes: [shardsAreParts('CAME')],
    citation: arxiv('2307.02047', 'CAME: Confidence-guided Adaptive Memory Efficient Optimization'),
  },
  rewrite: (recipe) => ({
    ...recipe,
    layerwise: false,
    states: cameStates,
    pytorch: { ...recipe.pytorch, optimizerStep: cameStep },
  }),
};
