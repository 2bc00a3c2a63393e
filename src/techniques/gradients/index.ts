import type { DType } from '../../plan/types';
import type { Technique } from '../technique';

const kept = (dtype: DType & ('fp32' | 'bf16' | 'fp16')): Technique => ({
  spec: {
    name: dtype,
    slot: 'gradients',
    exact: dtype === 'fp32',
    summary: `Gradients are kept in ${dtype}.`,
    formula: `${dtype === 'fp32' ? 4 : 2} bytes a trained parameter${dtype === 'fp32' ? ', from step to step where parameters are in 16 bits (main_grad)' : ''}`,
    cost: dtype === 'fp32' ? 'a 16-bit gradient is added to its float32 sum' : 'a cast for each gradient where the types differ',
    args: [],
  },
  rewrite: (recipe) => ({ ...recipe, gradients: dtype }),
});

export const gradientTypes: readonly Technique[] = [kept('fp32'), kept('bf16'), kept('fp16')];
