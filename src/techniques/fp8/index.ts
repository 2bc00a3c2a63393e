import { number } from '../arguments';
import type { Technique } from '../technique';
import { packFloat8 } from './memory';

export const fp8Activations: Technique = {
  spec: {
    name: 'fp8',
    slot: 'activations',
    exact: false,
    summary: "Keep saved tensors in 8-bit floats with a scale for each few features; attention's own stay as they are.",
    formula: '1 + 2/group bytes an element in place of 2 or 4; q, k, v and the attention output at full width',
    cost: 'rounded to nearest, so gradients are slightly biased; wants a card with 8-bit floats',
    args: [
      { name: 'group', type: { kind: 'count', min: 16, max: 128 }, default: 16, doc: 'Features that share a 16-bit scale.' },
    ],
    usual: [],
    citation: {
      title: 'COAT: Compressing Optimizer states and Activation for Memory-Efficient FP8 Training',
      id: 'arXiv:2410.19313',
      url: 'https://arxiv.org/abs/2410.19313',
    },
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, pack: (trace, tensor) => packFloat8(trace, tensor, number(args, 'group')) },
  }),
};
