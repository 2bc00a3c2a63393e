import { flag, number, word } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import type { Format } from './formats';
import { packFloat8 } from './memory';
import { float8Kept } from './webgpu';

export const fp8Activations: Technique = {
  spec: {
    name: 'fp8',
    slot: 'activations',
    exact: false,
    summary: "Keep saved tensors in 8-bit floats with a scale for each few features; attention's own stay as they are.",
    formula:
      '1 + 2/group bytes an element (1 + 12/group with expansion) in place of 2 or 4; q, k, v and the attention output at full width',
    cost: 'rounded to nearest, so gradients are slightly biased; wants a card with 8-bit floats',
    args: [
      { name: 'group', type: { kind: 'count', min: 16, max: 128 }, default: 16, doc: 'Features that share a scale.' },
      {
        name: 'format',
        type: { kind: 'choice', of: ['e4m3', 'e5m2'] },
        default: 'e4m3',
        doc: 'Three fraction bits up to 448, or two up to 57344.',
      },
      {
        name: 'expand',
        type: { kind: 'boolean' },
        default: false,
        doc: "Stretch each group's range over that of the codes by a power of its own; a group keeps three 32-bit numbers.",
      },
    ],
    usual: [],
    citation: arxiv('2410.19313', 'COAT: Compressing Optimizer states and Activation for Memory-Efficient FP8 Training'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      pack: (trace, tensor) => packFloat8(trace, tensor, number(args, 'group'), flag(args, 'expand')),
    },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: {
      ...recipe.webgpu,
      kept: float8Kept({
        format: word(args, 'format') as Format,
        group: number(args, 'group'),
        expand: flag(args, 'expand'),
      }),
    },
  }),
};
