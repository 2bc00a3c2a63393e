import { number, word } from '../arguments';
import { type Argument, arxiv } from '../spec';
import type { Technique } from '../technique';
import { sampledLayers } from './memory';

export const STATES: Argument = {
  name: 'states',
  type: { kind: 'choice', of: ['dropped', 'kept'] },
  default: 'dropped',
  doc: 'What happens to the optimizer states of a layer that is frozen again. The released callback only stops its gradients: states are kept, and grow to those of all layers.',
};

export const lisa: Technique = {
  spec: {
    name: 'lisa',
    slot: 'train',
    exact: false,
    summary: 'A few random layers learn at a time, and embedding and head always.',
    formula: 'gradients and states of `layers` layers, embedding, head and final norm; inputs of frozen matrices are not kept',
    cost: 'other layers stand still until they are drawn; backward still runs down to the embedding',
    args: [
      { name: 'layers', type: { kind: 'count', min: 1, max: 10000 }, default: 2, doc: 'Layers that learn at a time.' },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 20, doc: 'Steps until others are drawn.' },
      STATES,
    ],
    usual: [],
    excludes: [
      {
        slot: 'weights',
        names: ['nf4', 'int8', 'int4', 'int3'],
        why: 'quantized weights have no gradient, and any layer may be drawn',
      },
      {
        slot: 'parallel',
        names: ['fsdp'],
        why: 'the first FSDP keeps flat shards, inside which whole layers cannot be frozen, and nobody has released it for the second',
      },
    ],
    citation: arxiv('2403.17919', 'LISA: Layerwise Importance Sampling for Memory-Efficient Large Language Model Fine-Tuning'),
  },
  refuses: ({ lists }) =>
    lists.parallel?.some((use) => use.name === 'zero' && use.args.stage === 3)
      ? 'stage 3 of ZeRO keeps weights in flat shards, inside which whole layers cannot be frozen in turns'
      : undefined,
  rewrite: (recipe, args) => sampledLayers(recipe, number(args, 'layers'), word(args, 'states') === 'kept'),
};
