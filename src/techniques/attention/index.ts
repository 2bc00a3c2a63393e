import { flag } from '../arguments';
import type { Argument } from '../spec';
import type { Technique } from '../technique';

const FUSED_ARGUMENTS: readonly Argument[] = [
  {
    name: 'mask',
    type: { kind: 'boolean' },
    default: false,
    doc: 'An explicit mask (padded batches): K and V are repeated to every query head, and each layer keeps a copy of the mask.',
  },
  {
    name: 'repeat-kv',
    type: { kind: 'boolean' },
    default: false,
    doc: "The model's own code repeats K and V to every query head before the kernel (torchtune, LitGPT).",
  },
];

const kernel = (
  name: string,
  attention: 'sdpa' | 'eager' | 'math',
  summary: string,
  formula: string,
  cost: string,
): Technique => ({
  // The fused kernel is never worse: nothing else is worth trying to make a plan fit.
  spec: {
    name,
    slot: 'attention',
    exact: true,
    summary,
    formula,
    cost,
    args: attention === 'sdpa' ? FUSED_ARGUMENTS : [],
    ...(name === 'flash' ? {} : { usual: [] }),
  },
  rewrite: (recipe, args) => {
    const { slidingWindow } = recipe.model;
    // scaled_dot_product_attention knows no window: past it, transformers passes a mask.
    const mask = flag(args, 'mask') || (name === 'sdpa' && slidingWindow > 0 && recipe.sequence > slidingWindow);
    return {
      ...recipe,
      pytorch: { ...recipe.pytorch, attention, mask, repeatKv: flag(args, 'repeat-kv') || mask },
    };
  },
  // The engine's attention is fused; it has no other.
  ...(attention === 'sdpa' ? { webgpu: (recipe) => recipe } : {}),
});

const fused = 'tokens · (2·heads + 2·kvHeads) · headDim + 4 bytes a head and token';
const stored = 'heads · sequence² probabilities for each row, in float32 and in the compute type';

export const attentionKernels: readonly Technique[] = [
  kernel('flash', 'sdpa', 'Fused attention: keeps q, k, v, its output and a log-sum-exp.', fused, 'none'),
  kernel('sdpa', 'sdpa', 'torch scaled_dot_product_attention with a fused kernel.', fused, 'none'),
  kernel('math', 'math', "SDPA's fallback, written out in products and a softmax.", stored, 'slow at long sequences'),
  kernel('eager', 'eager', "Attention written out in the model's own code.", stored, 'slow at long sequences'),
];
