import { number, words } from '../arguments';
import { withProduct } from '../product';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { sliced, slicesOf } from './memory';

export const s2ft: Technique = {
  spec: {
    name: 's2ft',
    slot: 'train',
    exact: false,
    summary: 'A few heads and MLP channels, put side by side, learn in place; the rest is frozen.',
    formula: 'for each target m × n: a slice of share · n columns: its gradient and states, and its share of the input is kept',
    cost: 'matrices are permuted once; the base still back-propagates',
    args: [
      {
        name: 'share',
        type: { kind: 'number', min: 0, max: 1 },
        default: 0.03,
        doc: "Share of each target's input channels that learns.",
      },
      {
        name: 'targets',
        type: { kind: 'list', of: ['o', 'down'] },
        default: ['o', 'down'],
        doc: "Matrices with a slice: attention's output reads heads, the MLP's output reads channels.",
      },
    ],
    usual: [],
    excludes: [
      {
        slot: 'weights',
        names: ['nf4', 'int8', 'int4', 'int3'],
        why: 'the slice learns in place, and quantized weights have no gradient',
      },
    ],
    citation: arxiv('2412.06289', 'S²FT: Efficient, Scalable and Generalizable LLM Fine-tuning by Structured Sparsity'),
  },
  rewrite: (recipe, args) => {
    return {
      ...recipe,
      adapters: null,
      trains: (weight) => weight.role === 'adapter',
      // A slice is a view of its matrix.
      stored: (weight) => (weight.role === 'adapter' ? [] : recipe.stored(weight)),
      added: (model) => ({
        ...recipe.added(model),
        layer: slicesOf(model, number(args, 'share'), words(args, 'targets')),
      }),
      pytorch: withProduct(recipe, sliced).pytorch,
    };
  },
};
