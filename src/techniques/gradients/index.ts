import type { DType } from '../../plan/types';
import { NARROW_GRADIENTS, type NarrowGradients } from '../../tape/pytorch/rules';
import { word } from '../arguments';
import type { Technique } from '../technique';

const kept = (dtype: DType & ('bf16' | 'fp16')): Technique => ({
  spec: {
    name: dtype,
    slot: 'gradients',
    exact: false,
    summary: `Gradients are kept in ${dtype}.`,
    formula: '2 bytes a trained parameter',
    cost: 'a cast for each gradient where the types differ',
    args: [],
  },
  rewrite: (recipe) => ({ ...recipe, gradients: dtype }),
});

/**
 * How long the 16-bit gradients stay beside their sums, by trainer: Megatron-LM adds each from its own hook
 * (core/distributed/distributed_data_parallel.py), nanotron after `loss.backward()` (optim/gradient_accumulator.py,
 * FP32GradientAccumulator.backward), and DeepSpeed's BF16_Optimizer after it too, where the emptied ones stay for the next
 * micro-batch (runtime/bf16_optimizer.py: update_hp_grads, clear_lp_grads; `immediate_grad_update` is off by default).
 */
const wide: Technique = {
  spec: {
    name: 'fp32',
    slot: 'gradients',
    exact: true,
    summary: 'Gradients are kept in fp32.',
    formula: '4 bytes a trained parameter, from step to step where parameters are in 16 bits (main_grad)',
    cost: 'a 16-bit gradient is added to its float32 sum',
    args: [
      {
        name: 'narrow-until',
        type: { kind: 'choice', of: NARROW_GRADIENTS },
        default: 'added',
        doc: "How long 16-bit gradients stay beside the sums: until each is added (Megatron-LM), until backward ends (nanotron), or until the step has (DeepSpeed's BF16_Optimizer: stage 1 with `grad_accum_dtype` fp32).",
      },
    ],
  },
  rewrite: (recipe, args) => ({
    ...recipe,
    gradients: 'fp32',
    pytorch: { ...recipe.pytorch, narrowGradients: word(args, 'narrow-until') as NarrowGradients },
  }),
};

export const gradientTypes: readonly Technique[] = [wide, kept('bf16'), kept('fp16')];
