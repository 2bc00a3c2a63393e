import { ADAM } from '../adamw/webgpu';
import { flag, number } from '../arguments';
import { arxiv } from '../spec';
import type { Technique } from '../technique';
import { adamwFp8Step, floatStates } from './memory';
import { adamwFp8Rule } from './webgpu';

export const adamwFp8: Technique = {
  spec: {
    name: 'adamw-fp8',
    slot: 'optimizer',
    exact: false,
    summary: 'AdamW with both moments in 8-bit floats, whose range is stretched over that of the codes group by group.',
    formula: 'parameters · (2 + 24/group) bytes, or (2 + 8/group) without expansion',
    cost: 'moments rounded to 8 bits each step; one fused kernel',
    args: [
      {
        name: 'group',
        type: { kind: 'count', min: 16, max: 4096 },
        default: 128,
        doc: 'Elements of a moment that share a scale.',
      },
      {
        name: 'expand',
        type: { kind: 'boolean' },
        default: true,
        doc: "Stretch each group's range over that of the codes by a power of its own; a group keeps three 32-bit numbers, not one.",
      },
    ],
    usual: [],
    excludes: [{ slot: 'offload', names: ['optimizer'], why: 'its kernel steps on the card only' }],
    cautions: [
      {
        slot: 'precision',
        names: ['bf16', 'fp16'],
        why: 'the released kernel updates float32 parameters, as mixed precision keeps them',
      },
    ],
    citation: arxiv('2410.19313', 'COAT: Compressing Optimizer states and Activation for Memory-Efficient FP8 Training'),
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    layerwise: false,
    states: floatStates(number(args, 'group'), flag(args, 'expand')),
    pytorch: { ...recipe.pytorch, optimizerStep: adamwFp8Step },
  }),
  webgpu: (recipe, args) => ({
    ...recipe,
    webgpu: { ...recipe.webgpu, optimizer: adamwFp8Rule(number(args, 'group'), flag(args, 'expand'), ADAM) },
  }),
};
