import { flag, number } from '../arguments';
import { adaptersAreLowRank } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { spamStates, spamStep } from './memory';

export const spam: Technique = {
  spec: {
    name: 'spam',
    slot: 'optimizer',
    exact: false,
    summary: 'Adam that clips spikes of the gradient and forgets its momentum now and then; sparse below density 1.',
    formula:
      'for each m × n matrix of the layers: 2 · density · m · n elements, and below density 1 a mask of m · n bytes (an eighth packed)',
    cost: 'weights outside of the mask stand still until it is drawn again',
    args: [
      {
        name: 'density',
        type: { kind: 'number', min: 0, max: 1 },
        default: 1,
        doc: "Share of each matrix's weights that learn and keep moments.",
      },
      {
        name: 'packed',
        type: { kind: 'boolean' },
        default: false,
        doc: 'The mask in bits; the released code keeps a byte a weight.',
      },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 500, doc: 'Steps between resets of the momentum.' },
    ],
    usual: [],
    excludes: [adaptersAreLowRank('SPAM')],
    citation: arxiv('2501.06842', 'SPAM: Spike-Aware Adam with Momentum Reset for Stable LLM Training'),
  },
  rewrite: (recipe, args) => {
    const density = number(args, 'density');
    return {
      ...recipe,
      layerwise: false,
      states: spamStates(density, flag(args, 'packed')),
      pytorch: { ...recipe.pytorch, optimizerStep: (step, parameters) => spamStep(step, parameters, density) },
    };
  },
};
