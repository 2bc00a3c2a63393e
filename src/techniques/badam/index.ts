import { number } from '../arguments';
import { lisa } from '../lisa';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { block } from './memory';

export const badam: Technique = {
  spec: {
    name: 'badam',
    slot: 'train',
    exact: false,
    summary: 'One block of layers learns at a time, in turns; embedding and head stay as they are.',
    formula: 'gradients and states of one block: with float32 gradients and a master copy 2 · M + 16 · M/blocks bytes',
    cost: 'a block at a time; its states start anew with each turn',
    args: [
      { name: 'layers', type: { kind: 'count', min: 1, max: 10000 }, default: 1, doc: 'Layers in a block.' },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 100, doc: 'Steps of a block before the next.' },
    ],
    usual: [],
    excludes: lisa.spec.excludes ?? [],
    citation: arxiv('2404.02827', 'BAdam: A Memory Efficient Full Parameter Optimization Method for Large Language Models'),
  },
  rewrite: (recipe, args) => block(recipe, number(args, 'layers')),
};
