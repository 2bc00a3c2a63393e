import { positionsOf } from '../../tape/webgpu/rules';
import { number } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { streamLogits, streamPytorch, unstreamable } from './memory';

export const streambp: Technique = {
  spec: {
    name: 'streambp',
    slot: 'backward',
    exact: true,
    summary: 'Exact backward over chunks of the sequence: checkpointing whose second forward keeps one chunk at a time.',
    formula: "layers · tokens · hidden (the boundaries) + one chunk of one layer's saved set + logits · vocab · 14 bytes",
    cost: 'as checkpointing; every chunk makes keys and values of all tokens before it again and reads the weights anew, so that many chunks are slow: a third of the sequence costs little. Each architecture has a class of its own upstream',
    args: [
      { name: 'chunk', type: { kind: 'count', tokens: true, min: 1 }, default: 500, doc: 'Tokens of one chunk inside a layer.' },
      { name: 'logits', type: { kind: 'count', tokens: true, min: 1 }, default: 100, doc: 'Tokens of one chunk of logits.' },
    ],
    usual: [
      { chunk: 2048, logits: 128 },
      { chunk: 8192, logits: 128 },
    ],
    citation: arxiv('2506.03077', 'StreamBP: Memory-Efficient Exact Backpropagation for Long Sequence Training of LLMs'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      gradientsInParts: true,
      schedule: (step) => streamPytorch(step, number(args, 'chunk')),
      // A loss technique of the plan is rewritten after this one, and then takes its place.
      loss: (step, hidden) => streamLogits(step, hidden, number(args, 'logits')),
    },
  }),
  refuses: ({ model }) => unstreamable(model),
  warns: ({ model, sequence }) =>
    model.slidingWindow > 0 && model.slidingWindow < sequence
      ? `upstream has a class for each architecture: in one that knows nothing of a sliding window, ${model.name}'s gradients would be wrong`
      : undefined,
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: {
      ...recipe.webgpu,
      backward: { keep: 'input', every: 1, chunk: number(args, 'chunk') },
      head: { kind: 'chunks', positions: positionsOf(recipe.batch, number(args, 'logits')) },
    },
  }),
};
