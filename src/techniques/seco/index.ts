import { number } from '../arguments';
import { arxiv } from '../spec';
import { unstreamable } from '../streambp/memory';
import type { Technique } from '../technique';
import { secoPytorch } from './memory';

export const seco: Technique = {
  spec: {
    name: 'seco',
    slot: 'backward',
    exact: true,
    summary:
      'Train chunk by chunk along the sequence: keys and values of all layers are kept, and one chunk is differentiated at a time.',
    formula:
      '4 · layers · tokens · kv-width bytes for keys and values and as much for their gradients (16 bits) + one chunk through all layers',
    cost: 'one more forward; every chunk runs through every layer by itself',
    args: [{ name: 'chunk', type: { kind: 'count', tokens: true, min: 1 }, default: 128, doc: 'Tokens of one chunk.' }],
    usual: [],
    citation: arxiv('2505.16710', 'Training Long-Context LLMs Efficiently via Chunk-wise Optimization'),
  },
  refuses: ({ model }) => unstreamable(model, 'SeCO'),
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: {
      ...recipe.pytorch,
      gradientsInParts: true,
      schedule: (step) => secoPytorch(step, number(args, 'chunk')),
    },
  }),
};
