import { number } from '../arguments';
import { withProduct } from '../product';
import { storing } from '../quantized';
import { noExperts } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { container, factors, lowRankProduct } from './memory';

export const lrQat: Technique = {
  spec: {
    name: 'lr-qat',
    slot: 'train',
    exact: false,
    summary: 'Quantization-aware training by a low-rank term inside the rounding; the weights are frozen fixed-point numbers.',
    formula:
      '1 byte a weight (½ packed) + rank · (m + n) and one scale a row that learn; rounded copy and mask: 3 bytes a weight until backward',
    cost: 'each matrix is put together and rounded in every forward; checkpointing lets the rounded copies go',
    args: [
      { name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 32, doc: 'Width of the low-rank term.' },
      {
        name: 'container',
        type: { kind: 'choice', of: ['int8', 'int4'] },
        default: 'int8',
        doc: 'Integers that hold the frozen weights: one byte, or two codes in a byte.',
      },
    ],
    usual: [],
    excludes: [{ slot: 'weights', names: ['*'], why: 'LR-QAT keeps the weights in its own container' }],
    citation: arxiv('2406.06385', 'Low-Rank Quantization-Aware Training for LLMs'),
  },
  refuses: noExperts('LR-QAT'),
  rewrite: (recipe, args) => ({
    ...recipe,
    adapters: null,
    trains: (weight) => weight.role === 'adapter',
    stored: storing(recipe, (weight) => container(weight, args.container === 'int4' ? 'int4' : 'int8')),
    added: (model) => ({ ...recipe.added(model), layer: factors(model, number(args, 'rank')) }),
    pytorch: withProduct(recipe, lowRankProduct).pytorch,
  }),
};
