import { number } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { sm3States, sm3Step } from './memory';

export const sm3: Technique = {
  spec: {
    name: 'sm3',
    slot: 'optimizer',
    exact: false,
    summary: 'Adagrad whose squares of a matrix are kept as the largest of each row and of each column.',
    formula: 'bytes · (m + n) for each m × n matrix, all of a vector; + parameters · bytes with momentum',
    cost: 'elementwise; the step sizes only fall',
    args: [
      {
        name: 'momentum',
        type: { kind: 'number', min: 0, max: 1, exclusiveMax: true },
        default: 0,
        doc: 'Share of the last update that is kept; 0 keeps none.',
      },
    ],
    usual: [],
    citation: arxiv('1901.11150', 'Memory-Efficient Adaptive Optimization'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    layerwise: false,
    states: sm3States(number(args, 'momentum') > 0),
    pytorch: { ...recipe.pytorch, optimizerStep: sm3Step },
  }),
};
