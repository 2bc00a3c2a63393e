import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { lionStates, lionStep } from './memory';
import { LION, lionRule } from './webgpu';

export const lion: Technique = {
  spec: {
    name: 'lion',
    slot: 'optimizer',
    exact: false,
    summary: 'The sign of an interpolated momentum: one state for each trained parameter.',
    formula: 'parameters · bytes: one momentum, in the type of its parameter',
    cost: 'elementwise; wants a learning rate 3 to 10 times smaller and a decay as much larger',
    args: [],
    citation: arxiv('2302.06675', 'Symbolic Discovery of Optimization Algorithms'),
  },
  rewrite: (recipe) => ({
    ...recipe,
    layerwise: false,
    states: lionStates,
    pytorch: { ...recipe.pytorch, optimizerStep: lionStep },
  }),
  learning: { rate: () => 5e-4 },
  webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: lionRule(LION) } }),
};
