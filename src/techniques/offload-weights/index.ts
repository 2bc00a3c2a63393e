import type { Place } from '../../tape/types';
import { word } from '../arguments';
import { NO_HOST_ENGINE, placeArgument } from '../host';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { weightsAway } from './memory';

export const offloadWeights: Technique = {
  spec: {
    name: 'weights',
    slot: 'offload',
    exact: true,
    summary: "Weights lie in the host's memory or on a drive, and come up layer by layer.",
    formula:
      'weights leave the card but for the layer that runs and the one that comes next; embedding and head are such units too',
    cost: "every weight goes over the host's link twice a micro-batch, behind the arithmetic",
    args: [placeArgument('Where the weights lie.')],
    excludes: [
      NO_HOST_ENGINE,
      {
        slot: 'backward',
        names: ['streambp', 'seco'],
        why: 'its released code does not bring weights up once a layer, but once a chunk',
      },
      { slot: 'optimizer', names: ['mezo', 'sparse-mezo', 'qzo'], why: 'it changes every weight several times a step' },
    ],
    citation: arxiv('2104.07857', 'ZeRO-Infinity: Breaking the GPU Memory Wall for Extreme Scale Deep Learning'),
  },
  rewrite: (recipe, args) => weightsAway(recipe, word(args, 'to') as Place),
  refuses: ({ lists, slots }) =>
    !lists.offload?.some((use) => use.name === 'optimizer') &&
    (slots.train?.name ?? 'full') === 'full' &&
    slots.optimizer?.name !== 'none'
      ? 'weights that learn are updated where they lie: state `optimizer` in `offload` too'
      : undefined,
};
