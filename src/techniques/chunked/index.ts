import { positionsOf } from '../../tape/webgpu/rules';
import { number } from '../arguments';
import type { Technique } from '../technique';
import { chunkedLoss } from './memory';

export const chunked: Technique = {
  spec: {
    name: 'chunked',
    slot: 'loss',
    exact: true,
    summary: "Head and loss over chunks of tokens; one chunk's logits exist at a time.",
    formula: 'chunk · vocab · 14 bytes (bf16) in place of tokens · vocab · 14',
    cost: "the head's forward once more",
    usual: [{}, { chunk: 256 }],
    args: [{ name: 'chunk', type: { kind: 'count', tokens: true, min: 1 }, default: 1024, doc: 'Tokens in one chunk.' }],
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, loss: (step, hidden) => chunkedLoss(step, hidden, number(args, 'chunk')) },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, head: { kind: 'chunks', positions: positionsOf(recipe.batch, number(args, 'chunk')) } },
  }),
};
