import type { DType } from '../../plan/types';
import { flag, number, word } from '../arguments';
import { cardsArgument, ONE_CARD_ENGINE } from '../cards';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { fullySharded } from './memory';

export const fsdp: Technique = {
  spec: {
    name: 'fsdp',
    slot: 'parallel',
    shares: 'batches',
    exact: true,
    summary:
      'Fully sharded data parallelism (PyTorch FSDP2, or the first FSDP): parameters, gradients and states are cut; a unit is gathered when it runs.',
    formula:
      'weights, gradients and states / n; one unit gathered + prefetch · the unit; in backward its whole gradients and the input of a reduce-scatter. Embedding and head are units too',
    cost: 'parameters go over the links twice and gradients once a micro-batch, behind the arithmetic',
    args: [
      cardsArgument('Cards over which parameters are sharded; each has a batch of its own.'),
      {
        name: 'version',
        type: { kind: 'count', min: 1, max: 2 },
        default: 2,
        doc: "1: FullyShardedDataParallel, which accelerate's `fsdp_version` has where it is not said: flat parameters, and `root`. With `checkpoint(reentrant: true)` it holds the inputs of frozen layers.",
      },
      {
        name: 'prefetch',
        type: { kind: 'count', min: 0, max: 64 },
        default: 1,
        doc: 'Layers that are gathered ahead of the one that runs.',
      },
      {
        name: 'reshard',
        type: { kind: 'boolean' },
        default: true,
        doc: 'reshard_after_forward: a layer is let go after its forward and gathered again for its backward. Pipelines leave it off.',
      },
      {
        name: 'sync',
        type: { kind: 'boolean' },
        default: true,
        doc: 'Reduce gradients with every micro-batch; off, whole gradients are kept until the last one (no_sync, pipelines).',
      },
      {
        name: 'reduce',
        type: { kind: 'choice', of: ['parameter', 'fp32', 'bf16'] },
        default: 'parameter',
        doc: "Type in which gradients are summed over cards: the kept parameters' (float32 under the amp precisions), or one of its own.",
      },
      {
        name: 'root',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Embedding, final norm and head are one unit that stays gathered from forward to backward, as when only the layers are wrapped.',
      },
    ],
    excludes: [
      ONE_CARD_ENGINE,
      {
        slot: 'backward',
        names: ['streambp', 'seco'],
        why: 'its released code does not gather weights or reduce gradients once a layer, but once a chunk',
      },
    ],
    citation: arxiv('2304.11277', 'PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel'),
  },
  rewrite: (recipe, args) => {
    const n = number(args, 'n');
    if (n * recipe.cards.context === 1) return recipe;
    return fullySharded(recipe, {
      n,
      prefetch: number(args, 'prefetch'),
      reshard: flag(args, 'reshard'),
      sync: flag(args, 'sync'),
      reduce: word(args, 'reduce') as DType | 'parameter',
      flatParameters: number(args, 'version') === 1,
      // A table that is also the head cannot be in two units.
      root: flag(args, 'root') || number(args, 'version') === 1 || recipe.model.tiedEmbeddings,
    });
  },
  refuses: ({ model }, args) =>
    model.encoderLayers > 0 && number(args, 'n') > 1
      ? 'units are gathered for the layers of one stack, and an encoder is a second one'
      : undefined,
};
