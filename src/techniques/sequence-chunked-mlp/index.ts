import { flag, number } from '../arguments';
import { checkpointPytorch } from '../checkpoint/memory';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { tiled } from './memory';

export const sequenceChunkedMlp: Technique = {
  spec: {
    name: 'sequence-chunked-mlp',
    slot: 'backward',
    exact: true,
    summary: "Run each MLP over chunks of tokens, forward and again in backward, so that one chunk's inner activations exist.",
    formula: 'chunk · ffn in place of tokens · ffn inside an MLP, + its input; with checkpointing, the boundaries',
    cost: "the MLP's forward once more, twice under checkpointing; its weights are read once a chunk",
    args: [
      { name: 'chunk', type: { kind: 'count', tokens: true, min: 1 }, default: 4096, doc: 'Tokens of one chunk.' },
      {
        name: 'checkpoint',
        type: { kind: 'boolean' },
        default: true,
        doc: 'Checkpoint every layer too; without it, attention and norms keep all that they kept.',
      },
    ],
    usual: [],
    citation: arxiv('2407.15892', 'Mini-Sequence Transformer: Optimizing Intermediate Memory for Long Sequences Training'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      gradientsInParts: true,
      mlp: (step, input, plain) => tiled(step, input, number(args, 'chunk'), plain),
      ...(flag(args, 'checkpoint') ? { schedule: (step) => checkpointPytorch(step, { every: 1, offload: false }) } : {}),
    },
  }),
};
