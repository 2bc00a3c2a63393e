import { number, word } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { packInteger } from './memory';
import { integerKept, type Rounding } from './webgpu';

export const int8Activations: Technique = {
  spec: {
    name: 'int8',
    slot: 'activations',
    exact: false,
    summary: 'Keep what crosses from forward to backward in 8-bit codes, rounded stochastically or to nearest.',
    formula: '1 + 4/group bytes an element in place of 2 or 4',
    cost: 'quantize and dequantize each saved tensor; noise in gradients, unbiased where rounding is stochastic',
    args: [
      {
        name: 'group',
        type: { kind: 'count', min: 16, max: 65536 },
        default: 256,
        doc: 'Elements that share a scale and a minimum.',
      },
      {
        name: 'rounding',
        type: { kind: 'choice', of: ['stochastic', 'nearest'] },
        default: 'stochastic',
        doc: 'By lot between the two neighbouring levels, right on average; or to the nearer one, with half the error and a bias.',
      },
    ],
    citation: arxiv('2111.11124', 'Mesa: A Memory-saving Training Framework for Transformers'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, pack: (trace, tensor) => packInteger(trace, tensor, 8, number(args, 'group')) },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, kept: integerKept(8, number(args, 'group'), word(args, 'rounding') as Rounding) },
  }),
};
