import { bytesPer } from '../../plan/dtypes';
import { number } from '../arguments';
import type { Technique } from '../technique';
import { sgdRule } from './webgpu';

export const sgd: Technique = {
  spec: {
    name: 'sgd',
    slot: 'optimizer',
    exact: true,
    summary: 'Stochastic gradient descent, with momentum where asked for.',
    formula: 'parameters · bytes with momentum, else 0',
    cost: 'elementwise',
    usual: [],
    args: [
      {
        name: 'momentum',
        type: { kind: 'number', min: 0, max: 1, exclusiveMax: true },
        default: 0,
        doc: 'Share of the last update that is kept; 0 keeps no state.',
      },
    ],
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    layerwise: false,
    // torch keeps the momentum in the parameter's type; the foreach step makes no copies without weight decay.
    states: (weight, parameter) =>
      number(args, 'momentum') > 0 ? [{ name: 'momentum', shape: weight.shape, dtype: parameter }] : [],
    pytorch: {
      ...recipe.pytorch,
      optimizerStep: (step, parameters) => {
        const moved = parameters.reduce((sum, group) => sum + group.count * group.elements * bytesPer(group.dtype) * 5, 0);
        step.trace.op({ op: 'aten._foreach_add_', label: 'sgd', moved });
      },
    },
  }),
  learning: { rate: (args) => 0.2 * (1 - number(args, 'momentum')) },
  webgpu: (recipe, args) => ({ ...recipe, webgpu: { ...recipe.webgpu, optimizer: sgdRule(number(args, 'momentum')) } }),
};
