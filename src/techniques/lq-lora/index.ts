import { number } from '../arguments';
import { lora } from '../lora';
import { storing } from '../quantized';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { budgetCodes } from './memory';

export const lqLora: Technique = {
  spec: {
    ...lora.spec,
    name: 'lq-lora',
    summary:
      'LoRA on a base of NormalFloat codes whose width, matrix by matrix, meets a budget of bits; the factors start from what rounding lost.',
    formula: 'bits/8 bytes a weight of the layers, scales included, + LoRA; a 16-bit copy of one matrix at use',
    cost: 'as QLoRA; the split into codes and factors is found beforehand',
    args: [
      {
        name: 'bits',
        type: { kind: 'number', min: 2.25, max: 8.25 },
        default: 2.75,
        doc: 'Bits a weight on average, scales and their scales included.',
      },
      ...lora.spec.args.map((argument) => (argument.name === 'rank' ? { ...argument, default: 64 } : argument)),
    ],
    usual: [],
    excludes: [{ slot: 'weights', names: ['*'], why: 'LQ-LoRA quantizes the base itself' }],
    citation: arxiv(
      '2311.12023',
      'LQ-LoRA: Low-rank Plus Quantized Matrix Decomposition for Efficient Language Model Finetuning',
    ),
  },
  rewrite: (recipe, args) =>
    lora.rewrite({ ...recipe, stored: storing(recipe, (weight) => budgetCodes(weight, number(args, 'bits'))) }, args),
};
