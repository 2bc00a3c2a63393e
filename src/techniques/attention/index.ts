import type { Technique } from '../technique';

const kernel = (
  name: string,
  attention: 'sdpa' | 'eager' | 'math',
  summary: string,
  formula: string,
  cost: string,
): Technique => ({
  // The fused kernel is never worse: nothing else is worth trying to make a plan fit.
  spec: { name, slot: 'attention', exact: true, summary, formula, cost, args: [], ...(name === 'flash' ? {} : { usual: [] }) },
  rewrite: (recipe) => ({ ...recipe, pytorch: { ...recipe.pytorch, attention } }),
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
