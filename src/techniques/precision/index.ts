import type { DType } from '../../plan/types';
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

export const precisions: readonly Technique[] = modes.map(({ name, compute, autocast, summary, formula, cost }) => ({
  spec: { name, slot: 'precision', exact: name === 'fp32', summary, formula, cost, args: [] },
  rewrite: (recipe) => {
    const parameters = autocast ? 'fp32' : compute;
    return {
      ...recipe,
      compute,
      autocast,
      parameters,
      stored: (weight) => [{ name: 'weight', shape: weight.shape, dtype: parameters }],
    };
  },
  // The engine computes in float32 and keeps in 16 bits; 16-bit matrices are a matter of `weights`.
  ...(autocast ? { webgpu: (recipe) => ({ ...recipe, webgpu: { ...recipe.webgpu, kept: halfKept(compute as Half) } }) } : {}),
}));
