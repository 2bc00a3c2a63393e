import { number } from '../arguments';
import { lora } from '../lora';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { prunedModel } from './memory';

export const loram: Technique = {
  spec: {
    ...lora.spec,
    name: 'loram',
    summary: 'LoRA on a pruned model; the factors are recovered to full size for inference.',
    formula: 'LoRA on heads and MLP widths of 1 - pruned; embedding and head stay whole',
    cost: 'pruning and an alignment beforehand need the whole model once',
    args: [
      {
        name: 'pruned',
        type: { kind: 'number', min: 0, max: 1, exclusiveMax: true },
        default: 0.65,
        doc: "Share of each layer's heads and MLP channels that is pruned.",
      },
      ...lora.spec.args,
    ],
    usual: [],
    citation: arxiv('2502.13533', 'Train Small, Infer Large: Memory-Efficient LoRA Training for Large Language Models'),
  },
  rewrite: (recipe, args) => lora.rewrite({ ...recipe, model: prunedModel(recipe.model, number(args, 'pruned')) }, args),
};
