import { flag, number } from '../arguments';
import { type Argument, arxiv, type Relation } from '../spec';
import type { Technique } from '../technique';
import { mezoRecipe } from './memory';
import { twoPoint } from './webgpu';

/** What zeroth-order optimizers have nothing to do with. */
export const NO_BACKWARD: readonly Relation[] = [
  {
    slot: 'backward',
    names: ['checkpoint', 'streambp', 'seco', 'reversible', 'sequence-chunked-mlp'],
    why: 'there is no backward pass to save memory in',
  },
  {
    slot: 'activations',
    names: ['int8', 'int4', 'int2', 'fp8', 'column-row-sampling', 'offload'],
    why: 'nothing is kept from forward to backward',
  },
  { slot: 'gradients', names: ['*'], why: 'there are no gradients to keep' },
  {
    slot: 'parallel',
    names: ['zero', 'fsdp'],
    why: 'there are no gradients or states to cut, and every card must move all weights alike',
  },
  { slot: 'train', names: ['ladder', 'qst'], why: 'a side network spares the backward pass that is not there' },
];

export const FUSED: Argument = {
  name: 'fused',
  type: { kind: 'boolean' },
  default: false,
  doc: 'Draw the perturbation inside one kernel: no copies of the largest tensor, which the released loop makes three of.',
};

const MATRIX = { name: 'attn.q', shape: [1, 1], role: 'linear' as const };

export const mezo: Technique = {
  spec: {
    name: 'mezo',
    slot: 'optimizer',
    exact: false,
    summary: 'Two forward passes with the weights moved to and fro along a random direction; no backward.',
    formula: 'inference memory + 3 copies of the largest trained tensor for a moment (none where fused)',
    cost: 'two forwards a step, and very many steps; weights come back only to rounding',
    args: [{ name: 'eps', type: { kind: 'number', min: 1e-6 }, default: 0.001, doc: 'Length of the perturbation.' }, FUSED],
    usual: [],
    excludes: NO_BACKWARD,
    citation: arxiv('2305.17333', 'Fine-Tuning Language Models with Just Forward Passes'),
  },
  refuses: ({ accumulate }) =>
    accumulate > 1 ? 'MeZO estimates one gradient a step: micro-batches are not gathered' : undefined,
  rewrite: (recipe, args) => mezoRecipe(recipe, 'mezo', { fused: flag(args, 'fused') }),
  // The more directions there are, the shorter the way along one of them.
  learning: { rate: (_, { hidden }) => 0.03 / hidden, only: 'one direction' },
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: {
      ...recipe.webgpu,
      // Half precision would lose most of a perturbation: matrices that move are kept in float32.
      unpack: recipe.trains(MATRIX) ? null : recipe.webgpu.unpack,
      optimizer: null,
      forwardOnly: twoPoint(number(args, 'eps')),
    },
  }),
};
