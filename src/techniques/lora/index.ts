import type { DType, Model } from '../../plan/types';
import { weightsOf } from '../../plan/weights';
import { flag, number, word, words } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

export const LORA_TARGETS = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const;

export const lora: Technique = {
  spec: {
    name: 'lora',
    slot: 'train',
    exact: false,
    summary: 'Freeze the model; learn a rank-r update B·A beside each target matrix.',
    formula: 'rank · (in + out) parameters for each target; its input is kept for A, its rank-wide middle for B',
    cost: 'a small product beside each target; the base still back-propagates',
    args: [
      { name: 'rank', type: { kind: 'count', min: 1, max: 65536 }, default: 16, doc: 'Width of the update.' },
      { name: 'targets', type: { kind: 'list', of: LORA_TARGETS }, default: ['q', 'v'], doc: 'Matrices that carry an adapter.' },
      { name: 'alpha', type: { kind: 'number', min: 0 }, default: 16, doc: 'Update is scaled by alpha / rank.' },
      {
        name: 'dropout',
        type: { kind: 'number', min: 0, max: 1, exclusiveMax: true },
        default: 0,
        doc: 'Dropout before A. Keeps a mask and a copy of the input for each target.',
      },
      {
        name: 'adapter-precision',
        type: { kind: 'choice', of: ['fp32', 'bf16', 'fp16'] },
        default: 'fp32',
        doc: "Type of A and B. PEFT raises them to float32 by default, which keeps a float32 copy of each target's input.",
      },
      {
        name: 'pad-parts',
        type: { kind: 'boolean' },
        default: false,
        doc: 'Where q, k and v are one matrix, adapt only the named parts and pad their update with zeros, as LitGPT does.',
      },
    ],
    citation: arxiv('2106.09685', 'LoRA: Low-Rank Adaptation of Large Language Models'),
  },
  rewrite: (recipe, args) => {
    const names = weightsOf(recipe.model).layer.map((weight) => weight.name);
    const adapter = word(args, 'adapter-precision') as DType;
    const targets = words(args, 'targets');
    return {
      ...recipe,
      trains: (weight) => weight.role === 'adapter',
      stored: (weight) =>
        weight.role === 'adapter' ? [{ name: 'weight', shape: weight.shape, dtype: adapter }] : recipe.stored(weight),
      adapters: {
        kind: 'lora',
        rank: number(args, 'rank'),
        alpha: number(args, 'alpha'),
        dropout: number(args, 'dropout'),
        dtype: adapter,
        targets: [...new Set(targets.flatMap((target) => weightOf(target, names)))],
        rows: flag(args, 'pad-parts') && names.includes('attn.qkv') ? { 'attn.qkv': rowsOf(recipe.model, targets) } : {},
      },
    };
  },
  // The engine reads the recipe's adapters; its own are float32 whatever their stated type.
  webgpu: (recipe) => recipe,
};

/** Rows of a fused q, k, v matrix that belong to the named parts. */
const rowsOf = ({ heads, kvHeads, headDim }: Model, targets: readonly string[]): number =>
  headDim * (targets.includes('q') ? heads : 0) +
  headDim * kvHeads * targets.filter((part) => part === 'k' || part === 'v').length;

/** The weight that a target's short name means in this family: its own, or the fused one that contains it. */
function weightOf(target: string, names: readonly string[]): string[] {
  const exact = names.find((name) => name === `attn.${target}` || name === `mlp.${target}`);
  if (exact) return [exact];
  if (['q', 'k', 'v'].includes(target) && names.includes('attn.qkv')) return ['attn.qkv'];
  if (['gate', 'up'].includes(target) && names.includes('mlp.gate-up')) return ['mlp.gate-up'];
  return [];
}
