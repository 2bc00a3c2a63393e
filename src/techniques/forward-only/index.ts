import type { Technique } from '../technique';
import { forwardPasses } from './memory';

export const forwardOnly: Technique = {
  spec: {
    name: 'forward-only',
    slot: 'backward',
    exact: true,
    summary: 'No backward pass: forward and loss, and nothing is kept.',
    formula: 'weights + one layer of activations + logits',
    cost: 'nothing is differentiated: what learns must learn from losses alone',
    args: [],
    usual: [],
    needs: [
      {
        slot: 'optimizer',
        names: ['none', 'mezo', 'sparse-mezo', 'qzo'],
        why: 'no gradient is made: only zeroth-order optimizers learn without one',
      },
    ],
    excludes: [
      { slot: 'gradients', names: ['*'], why: 'there are no gradients to keep' },
      {
        slot: 'activations',
        names: ['int8', 'int4', 'int2', 'fp8', 'column-row-sampling', 'offload'],
        why: 'nothing is kept from forward to backward',
      },
    ],
  },
  // A zeroth-order optimizer brings its own passes.
  rewrite: (recipe) =>
    recipe.pytorch.forwardOnly
      ? recipe
      : { ...recipe, pytorch: { ...recipe.pytorch, forwardOnly: true, schedule: (step) => forwardPasses(step, 1) } },
  webgpu: (recipe) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, forwardOnly: recipe.webgpu.forwardOnly ?? (({ pass, loss }) => pass(loss)) },
  }),
};
