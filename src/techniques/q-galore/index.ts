import { flag, number } from '../arguments';
import { withProduct } from '../product';
import { groupedCodes, learningProduct, storing } from '../quantized';
import { adaptersAreLowRank, anyOf, noExperts, oneMicroBatch, UPDATES_BEFORE_AVERAGE, wholeMatrices } from '../relations';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { GROUP, qGaloreStates, qGaloreStep } from './memory';
import { qGaloreRule, qGaloreUnpack } from './webgpu';

export const qGalore: Technique = {
  spec: {
    name: 'q-galore',
    slot: 'optimizer',
    exact: false,
    summary: "GaLore over 8-bit weights, with 8-bit moments and a 4-bit projector; each parameter's update runs inside backward.",
    formula:
      'matrices of the layers 1 + 4/256 bytes; projector 1 byte a code (½ packed) + 4/256; moments 2 + 8/256 bytes at rank · max(m, n)',
    cost: 'weights are dequantized at every use and rounded stochastically at every update; SVDs, ever fewer of them',
    args: [
      { name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 128, doc: 'Dimension of the subspace.' },
      { name: 'every', type: { kind: 'count', min: 1 }, default: 200, doc: 'Steps between refreshes of the subspace, at first.' },
      { name: 'scale', type: { kind: 'number', min: 0 }, default: 0.25, doc: 'Factor on the update that is projected back.' },
      {
        name: 'packed',
        type: { kind: 'boolean' },
        default: false,
        doc: "Two of the projector's 4-bit codes in a byte; the released code keeps one.",
      },
    ],
    usual: [],
    excludes: [
      adaptersAreLowRank('Q-GaLore'),
      { slot: 'weights', names: ['*'], why: 'Q-GaLore keeps the weights itself, in 8 bits' },
      { slot: 'gradients', names: ['*'], why: 'gradients end inside backward, in the type of the products' },
      ...wholeMatrices('Q-GaLore'),
      UPDATES_BEFORE_AVERAGE,
    ],
    citation: arxiv('2407.08296', 'Q-GaLore: Quantized GaLore with INT4 Projection and Layer-Adaptive Low-Rank Gradients'),
  },
  refuses: anyOf(oneMicroBatch('Q-GaLore'), noExperts('Q-GaLore')),
  rewrite: (recipe, args) => {
    const rank = number(args, 'rank');
    return {
      ...recipe,
      layerwise: 'parameter',
      stored: storing(recipe, (weight) => groupedCodes(weight, 'int8', GROUP)),
      states: qGaloreStates(rank, flag(args, 'packed')),
      pytorch: {
        ...withProduct(recipe, (step, call, plain) =>
          step.recipe.stored(step.weight(call.name)).length > 1 ? learningProduct(step, call, call.weight) : plain(),
        ).pytorch,
        optimizerStep: (step, parameters) => qGaloreStep(step, parameters, rank, number(args, 'every')),
      },
    };
  },
  // A layer's gradients end with its backward.
  learning: { rate: () => 0.01 },
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: {
      ...recipe.webgpu,
      unpack: qGaloreUnpack,
      optimizer: qGaloreRule({
        rank: number(args, 'rank'),
        every: number(args, 'every'),
        scale: number(args, 'scale'),
        packed: flag(args, 'packed'),
      }),
    },
  }),
};
