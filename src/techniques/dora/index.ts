import type { Model } from '../../plan/types';
import { elements, type Weight, weightsOf } from '../../plan/weights';
import { lora } from '../lora';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { joinByMagnitude } from './memory';

export const dora: Technique = {
  spec: {
    ...lora.spec,
    name: 'dora',
    summary: 'LoRA whose merged matrix is scaled row by row to a learned magnitude.',
    formula:
      "as LoRA, + out parameters for each target; its own output and its base's are kept, and the merged matrix exists twice for a moment",
    cost: "as LoRA, and the product B · A and a norm of each target's matrix in every forward",
    usual: [],
    citation: arxiv('2402.09353', 'DoRA: Weight-Decomposed Low-Rank Adaptation'),
  },
  rewrite: (recipe, args) => {
    const base = lora.rewrite(recipe, args);
    const targets = new Set(base.adapters?.targets);
    const magnitudes = (model: Model): Weight[] =>
      weightsOf(model)
        .layer.filter(({ name }) => targets.has(name))
        .map((weight) => ({
          name: `${weight.name}.magnitude`,
          shape: [elements(weight) / (weight.shape.at(-1) ?? 1)],
          role: 'adapter' as const,
        }));
    return {
      ...base,
      adapters: base.adapters && { ...base.adapters, kind: 'dora' },
      added: (model) => ({ ...base.added(model), layer: magnitudes(model) }),
      pytorch: { ...base.pytorch, join: joinByMagnitude },
    };
  },
};
