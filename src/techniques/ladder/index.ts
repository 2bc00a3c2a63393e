import { number } from '../arguments';
import { arxiv, type Relation } from '../spec';
import type { Technique } from '../technique';
import { besideBackbone, sideModel } from './memory';

/** What a side network leaves nothing to save for. */
export const BACKBONE_IS_NOT_DIFFERENTIATED: readonly Relation[] = [
  {
    slot: 'backward',
    names: ['checkpoint', 'streambp', 'seco', 'reversible', 'sequence-chunked-mlp', 'forward-only'],
    why: 'nothing is differentiated through the backbone, and the side network is narrow: there is nothing left to save',
  },
  {
    slot: 'activations',
    names: ['int8', 'int4', 'int2', 'fp8', 'column-row-sampling', 'offload'],
    why: 'the backbone keeps nothing but what the ladders read',
  },
];

export const ladder: Technique = {
  spec: {
    name: 'ladder',
    slot: 'train',
    exact: false,
    summary: 'A narrow side network reads the hidden states of a frozen model; nothing is differentiated through the model.',
    formula:
      '(layers + 1) · tokens · hidden for the ladders + activations, gradients and states of a network 1/reduction as wide',
    cost: 'one more, narrow network; the backbone runs forward only',
    args: [
      {
        name: 'reduction',
        type: { kind: 'count', min: 1, max: 4096 },
        default: 8,
        doc: "The model's width over the side network's.",
      },
    ],
    usual: [],
    excludes: BACKBONE_IS_NOT_DIFFERENTIATED,
    citation: arxiv('2206.06522', 'LST: Ladder Side-Tuning for Parameter and Memory Efficient Transfer Learning'),
  },
  refuses: ({ model }) => (model.family === 't5' ? 'T5 has an encoder, beside which no side network is written' : undefined),
  rewrite: (recipe, args) =>
    besideBackbone(recipe, { model: sideModel(recipe.model, number(args, 'reduction')), low: 0, gates: 1 }),
};
