import { flag, number } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { zeroSharded } from './memory';

const bucket = (name: string, otherwise: number, doc: string) =>
  ({ name, type: { kind: 'count', min: 1, max: 1e9 }, default: otherwise, doc }) as const;

export const zero: Technique = {
  spec: {
    name: 'zero',
    slot: 'parallel',
    shares: 'batches',
    exact: true,
    summary: 'ZeRO as DeepSpeed implements it: optimizer states, then gradients, then weights are cut over data-parallel cards.',
    formula:
      'P parameters, Adam: stage 1 4P + 12P/n, 2 2P + 14P/n, 3 16P/n (the paper’s) + 4P/n of float32 gradients at the step (what DeepSpeed’s estimator adds) + buckets and, in stage 3, live parameters',
    cost: 'gradients and weights go over the links once a step; in stage 3 weights twice a micro-batch',
    args: [
      {
        name: 'stage',
        type: { kind: 'count', min: 1, max: 3 },
        doc: '1: optimizer states are cut, 2: gradients too, 3: weights too.',
      },
      cardsArgument('Data-parallel cards, each with a batch of its own.'),
      bucket('reduce-bucket', 5e8, 'reduce_bucket_size, in elements: gradients on their way to their owners.'),
      bucket('allgather-bucket', 5e8, 'allgather_bucket_size, in elements: updated weights on their way back (stages 1 and 2).'),
      bucket('prefetch-bucket', 5e7, 'stage3_prefetch_bucket_size, in elements.'),
      bucket('live-parameters', 1e9, 'stage3_max_live_parameters, in elements: weights that are gathered at a time.'),
      {
        name: 'persistence-threshold',
        type: { kind: 'count', min: 0, max: 1e9 },
        default: 1e5,
        doc: 'stage3_param_persistence_threshold, in elements: smaller weights are on every card.',
      },
      {
        name: 'overlap-comm',
        type: { kind: 'boolean' },
        default: false,
        doc: 'overlap_comm: a second reduce bucket in stages 1 and 2.',
      },
    ],
    excludes: [
      ONE_CARD_ENGINE,
      {
        slot: 'parallel',
        names: ['fsdp', 'data'],
        why: 'ZeRO is data parallelism, its `n` counts those cards, and it shards the states itself',
      },
    ],
    usual: [{ stage: 1 }, { stage: 2 }, { stage: 3 }],
    citation: arxiv('1910.02054', 'ZeRO: Memory Optimizations Toward Training Trillion Parameter Models'),
  },
  rewrite: (recipe, args) =>
    zeroSharded(recipe, {
      stage: number(args, 'stage'),
      n: number(args, 'n'),
      reduceBucket: number(args, 'reduce-bucket'),
      allgatherBucket: number(args, 'allgather-bucket'),
      prefetchBucket: number(args, 'prefetch-bucket'),
      liveParameters: number(args, 'live-parameters'),
      persistenceThreshold: number(args, 'persistence-threshold'),
      overlap: flag(args, 'overlap-comm'),
    }),
  refuses: ({ model, lists, slots }, args) => {
    const stage = number(args, 'stage');
    const piped = lists.parallel?.some((use) => use.name === 'pipeline' && use.args.n !== 1);
    if (stage >= 2 && piped) return `stage ${stage} cuts gradients, which DeepSpeed's pipelines need whole: use stage 1`;
    if (stage === 3 && model.encoderLayers > 0) return 'stage 3 gathers the layers of one stack, and an encoder is a second one';
    if (stage === 3 && slots.backward?.name === 'streambp') return 'StreamBP supports stages 1 and 2';
    if (stage === 3 && slots.backward?.name === 'seco')
      return 'each of SeCO’s chunks goes through every layer, so that stage 3 would gather all weights for each: use stage 1 or 2';
    return undefined;
  },
};
