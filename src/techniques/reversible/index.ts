import { number } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { irreversible, reversiblePytorch } from './memory';

export const reversible: Technique = {
  spec: {
    name: 'reversible',
    slot: 'backward',
    exact: true,
    summary: "Two coupled streams, so that every layer's input is computed from its output: nothing is kept between layers.",
    formula: '2 · tokens · hidden, whatever the depth + the saved set of one attention or one MLP',
    cost: 'one more forward of the layers, and another model: a coupling factor below 1 amplifies rounding layer by layer',
    args: [
      {
        name: 'factor',
        type: { kind: 'number', min: 0.01, max: 1 },
        default: 1,
        doc: "What the streams are multiplied by in each layer; the paper's 0.1 loses every digit within a few layers in 16 bits.",
      },
    ],
    usual: [],
    citation: arxiv('2306.00477', 'Make Pre-trained Model Reversible: From Parameter to Memory Efficient Fine-Tuning'),
  },
  refuses: ({ model }) => irreversible(model),
  rewrite: (recipe, args) => ({
    ...recipe,
    pytorch: { ...recipe.pytorch, schedule: (step) => reversiblePytorch(step, number(args, 'factor')) },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, reversible: { factor: number(args, 'factor'), keep: false } },
  }),
};
