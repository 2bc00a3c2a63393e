import { flag, number } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { distributed } from './memory';

export const data: Technique = {
  spec: {
    name: 'data',
    slot: 'parallel',
    shares: 'batches',
    exact: true,
    summary: 'Data parallelism (DDP): every card has the whole model and its own batch; gradients are averaged.',
    formula: 'one more copy of all gradients, in buckets that stay; with bucket-view the buckets are the gradients',
    cost: 'an all-reduce of the gradients a step, behind backward',
    args: [
      cardsArgument('Cards, each with a batch of its own.'),
      {
        name: 'bucket-view',
        type: { kind: 'boolean' },
        default: false,
        doc: 'gradient_as_bucket_view: gradients are views of the buckets, which then live all through the step.',
      },
      {
        name: 'bucket',
        type: { kind: 'number', min: 1, max: 65536 },
        default: 25,
        doc: 'bucket_cap_mb: MiB of one bucket; the first has 1 MiB.',
      },
    ],
    excludes: [ONE_CARD_ENGINE],
    citation: arxiv('2006.15704', 'PyTorch Distributed: Experiences on Accelerating Data Parallel Training'),
  },
  rewrite: (recipe, args) => {
    const n = number(args, 'n');
    return n === 1 ? recipe : distributed(recipe, n, number(args, 'bucket') * 2 ** 20, flag(args, 'bucket-view'));
  },
};
