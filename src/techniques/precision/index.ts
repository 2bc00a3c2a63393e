import type { DType } from '../../plan/types';
import { flag } from '../arguments';
import type { Argument } from '../spec';
import type { Technique } from '../technique';
import type { Half } from '../weights/halves';
import { halfKept } from './webgpu';

/** Compute type, and whether parameters stay in float32 under autocast. */
const modes: readonly { name: string; compute: DType; autocast: boolean; summary: string; formula: string; cost: string }[] = [
  {
    name: 'bf16',
    compute: 'bf16',
    autocast: false,
    summary: 'Everything in bfloat16.',
    formula: '2 bytes a parameter and an element',
    cost: 'parameters lose small updates',
  },
  {
    name: 'fp16',
    compute: 'fp16',
    autocast: false,
    summary: 'Everything in float16.',
    formula: '2 bytes a parameter and an element',
    cost: 'narrow range: wants loss scaling',
  },
  {
    name: 'fp32',
    compute: 'fp32',
    autocast: false,
    summary: 'Everything in float32.',
    formula: '4 bytes a parameter and an element',
    cost: 'half the speed of 16 bits, or less',
  },
  {
    name: 'amp-bf16',
    compute: 'bf16',
    autocast: true,
    summary: 'Float32 parameters, products in bfloat16 (torch.autocast).',
    formula: '4 bytes a parameter + a 2-byte copy of each weight from forward to its backward; float32 residual stream',
    cost: 'casts',
  },
  {
    name: 'amp-fp16',
    compute: 'fp16',
    autocast: true,
    summary: 'Float32 parameters, products in float16 (torch.autocast).',
    formula: '4 bytes a parameter + a 2-byte copy of each weight from forward to its backward; float32 residual stream',
    cost: 'casts and loss scaling',
  },
];

/** Hugging Face's Trainer with `bf16: true` runs a model that was loaded in 16 bits under autocast all the same. */
const UNDER_AUTOCAST: Argument = {
  name: 'autocast',
  type: { kind: 'boolean' },
  default: false,
  doc: 'Operators run under torch.autocast all the same, as Trainer has it for a model loaded in 16 bits: adapters in float32 compute in 16 bits, and a loss that takes logits as they are raises its log-probabilities.',
};

export const precisions: readonly Technique[] = modes.map(({ name, compute, autocast, summary, formula, cost }) => ({
  spec: {
    name,
    slot: 'precision',
    exact: name === 'fp32',
    summary,
    formula,
    cost,
    args: !autocast && compute !== 'fp32' ? [UNDER_AUTOCAST] : [],
  },
  rewrite: (recipe, args) => {
    const parameters = autocast ? 'fp32' : compute;
    return {
      ...recipe,
      compute,
      autocast: autocast || flag(args, 'autocast'),
      parameters,
      stored: (weight) => [{ name: 'weight', shape: weight.shape, dtype: parameters }],
    };
  },
  // The engine computes in float32 and keeps in 16 bits; 16-bit matrices are a matter of `weights`.
  ...(autocast ? { webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, kept: halfKept(compute as Half) } }) } : {}),
}));
