import { flag, number } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { adapt, adaptersOf, type Shape } from './memory';

export const compacter: Technique = {
  spec: {
    name: 'compacter',
    slot: 'train',
    exact: false,
    summary: 'Bottleneck adapters after attention and MLP whose matrices are sums of Kronecker products with shared factors.',
    formula:
      'for each adapter 2 · rank · (bottleneck + hidden) + bottleneck + hidden parameters; 2 · division³ shared by all layers',
    cost: 'each matrix is multiplied out in every forward; the base still back-propagates',
    args: [
      { name: 'reduction', type: { kind: 'count', min: 1, max: 65536 }, default: 32, doc: 'Hidden size over bottleneck.' },
      {
        name: 'division',
        type: { kind: 'count', min: 1, max: 64 },
        default: 4,
        doc: 'Kronecker products in a sum, and the side of their shared factor.',
      },
      { name: 'rank', type: { kind: 'count', min: 1, max: 1024 }, default: 1, doc: "Rank of a sum's other factor." },
      {
        name: 'after-attention',
        type: { kind: 'boolean' },
        default: true,
        doc: 'An adapter after attention too; without it, Compacter++.',
      },
      { name: 'norms', type: { kind: 'boolean' }, default: true, doc: "The norms' weights learn too." },
    ],
    usual: [],
    citation: arxiv('2106.04647', 'Compacter: Efficient Low-Rank Hypercomplex Adapter Layers'),
  },
  rewrite: (recipe, args) => {
    const { hidden } = recipe.model;
    const division = number(args, 'division');
    const shape: Shape = {
      hidden,
      bottleneck: Math.max(1, Math.floor(hidden / number(args, 'reduction'))),
      division,
      rank: number(args, 'rank'),
      branches: flag(args, 'after-attention') ? ['attn', 'mlp'] : ['mlp'],
    };
    const { layer, shared } = adaptersOf(shape);
    const norms = flag(args, 'norms');
    return {
      ...recipe,
      adapters: null,
      trains: (weight) => weight.role === 'adapter' || (norms && weight.role === 'norm'),
      added: () => ({ layer, outside: [], shared }),
      pytorch: { ...recipe.pytorch, adapt: (step, branch, output) => adapt(step, branch, output, shape) },
    };
  },
};
