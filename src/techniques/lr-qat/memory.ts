import type { DType, Model } from '../../plan/types';
import { type Weight, weightsOf } from '../../plan/weights';
import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ProductCall } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';
import { fakeQuantized } from '../fake-quantization';
import { isMatrix } from '../update';

/** Frozen integers, and the fraction bits of each row's fixed point. */
export const container = (weight: Weight, dtype: DType): Part[] => [
  { name: 'codes', shape: weight.shape, dtype },
  { name: 'fraction', shape: [weight.shape[0] ?? 1], dtype: 'int8' },
];

const PARTS = ['lr_A', 'lr_B', 'scale'] as const;

/** A [rank, in], B [out, rank] and one scale a row, for each matrix of a layer. */
export const factors = (model: Model, rank: number): Weight[] =>
  weightsOf(model)
    .layer.filter(isMatrix)
    .flatMap(({ name, shape: [m = 1, n = 1] }) => {
      const r = Math.min(rank, m, n);
      const shapes = { lr_A: [r, n], lr_B: [m, r], scale: [m] };
      return PARTS.map((part): Weight => ({ name: `${name}.${part}`, shape: shapes[part], role: 'adapter' }));
    });

/** x · (scale · clip(round(Φ + B · A)))ᵀ; Bondarenko et al., §3. */
export function lowRankProduct(step: PytorchStep, { name, input, weight, category }: ProductCall, plain: () => Tensor): Tensor {
  if (!step.has(`${name}.lr_A`)) return plain();
  const learners = PARTS.map((part) => step.parameter(`${name}.${part}`));
  const [m = 1, n = 1] = weight.shape;
  const flops = 2 * m * n * (learners[0]?.shape[0] ?? 1);
  const matrix = fakeQuantized(step, weight.shape, learners, [weight, ...learners], flops);
  const output = aten.mm(step.trace, input, matrix, category);
  step.trace.release(matrix);
  return output;
}
