import { positionsOf } from '../../tape/webgpu/rules';
import { flag, number } from '../arguments';
import type { Technique } from '../technique';
import { chunkedLoss, chunkedOutputs } from './memory';

export const chunked: Technique = {
  spec: {
    name: 'chunked',
    slot: 'loss',
    exact: true,
    summary: "Head and loss over chunks of tokens; one chunk's logits exist at a time.",
    formula: 'chunk · vocab · 14 bytes (bf16) in place of tokens · vocab · 14',
    cost: "the head's forward once more",
    usual: [{}, { chunk: 256 }],
    args: [
      { name: 'chunk', type: { kind: 'count', tokens: true, min: 1 }, default: 1024, doc: 'Tokens in one chunk.' },
      {
        name: 'recompute',
        type: { kind: 'boolean' },
        default: true,
        doc: "Make each chunk's logits again in backward. Without it every chunk's logits are kept, as torchtune and LitGPT do.",
      },
    ],
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      loss: (step, hidden) => (flag(args, 'recompute') ? chunkedLoss : chunkedOutputs)(step, hidden, number(args, 'chunk')),
    },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, head: { kind: 'chunks', positions: positionsOf(recipe.batch, number(args, 'chunk')) } },
  }),
};
