import { lora } from '../lora';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const loraFa: Technique = {
  spec: {
    ...lora.spec,
    name: 'lora-fa',
    summary: "LoRA with A frozen: only B learns, and a target's input need not be kept.",
    formula: 'rank · out parameters learn for each target; what is kept of it is rank wide',
    cost: 'as LoRA, with half its freedom',
    usual: [],
    citation: arxiv('2308.03303', 'LoRA-FA: Memory-efficient Low-rank Adaptation for Large Language Models Fine-tuning'),
  },
  rewrite: (recipe, args) => ({
    ...lora.rewrite(recipe, args),
    trains: (weight) => weight.role === 'adapter' && weight.name.endsWith('lora_B'),
  }),
};
