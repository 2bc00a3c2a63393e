/** Matrices kept as codes, and products with them where something learns. */
import type { DType } from '../plan/types';
import { elements, type Weight } from '../plan/weights';
import * as aten from '../tape/pytorch/aten';
import type { PytorchStep } from '../tape/pytorch/context';
import type { ProductCall } from '../tape/pytorch/rules';
import type { Part, Recipe } from '../tape/recipe';
import type { Tensor } from '../tape/trace';

/** The layers' matrices are quantized; embeddings, head and norms stay as they are. */
export const isQuantizable = ({ role }: Weight): boolean => role === 'linear' || role === 'expert';

/** Codes and, for each group, a scale and a zero in bfloat16. */
export function groupedCodes(weight: Weight, dtype: DType, group: number): Part[] {
  return [
    { name: 'codes', shape: weight.shape, dtype },
    { name: 'scales', shape: [Math.ceil(elements(weight) / group), 2], dtype: 'bf16' },
  ];
}

/** A recipe whose quantizable weights are stored as `parts` says. */
export const storing = (recipe: Recipe, parts: (weight: Weight) => Part[]): Recipe['stored'] => {
  const { stored } = recipe;
  return (weight) => (isQuantizable(weight) ? parts(weight) : stored(weight));
};

/**
 * A product with a dequantized copy of a matrix, in forward and again in backward, that keeps its input, in the compute type. The gradient of
 * the whole matrix goes to the matrix itself or, reduced, to the `learner` beside it.
 */
export function learningProduct(step: PytorchStep, call: ProductCall, learner: Tensor): Tensor {
  const { trace, recipe } = step;
  const { weight, category } = call;
  const input = aten.to(trace, call.input, recipe.compute);
  const whole = (name: string, kind: 'temporary' | 'gradients') => trace.tensor(name, weight.shape, recipe.compute, kind);
  const [m = 1, k = 1] = weight.shape.slice(-2);
  const rows = input.shape.reduce((product, size) => product * size, 1) / k;
  const flops = 2 * rows * m * k;
  const output = trace.tensor('mm', [rows, m], input.dtype, category);
  trace.op({ op: 'dequantized_mm', reads: [input, weight], writes: [output], temps: [whole('dequantized', 'temporary')], flops });
  trace.record({
    output,
    inputs: [input, learner],
    saved: learner.requiresGrad ? [input] : [],
    backward: (g) => {
      const through = input.requiresGrad ? trace.tensor('gradient', input.shape, input.dtype, 'temporary') : null;
      if (through)
        trace.op({
          op: 'dequantized_mm',
          reads: [g, weight],
          writes: [through],
          temps: [whole('dequantized', 'temporary')],
          flops,
        });
      if (!learner.requiresGrad) return [through, null];
      const gradient = whole('gradient', learner === weight ? 'gradients' : 'temporary');
      trace.op({ op: 'aten.mm', reads: [g, input], writes: [gradient], flops });
      if (learner === weight) return [through, gradient];
      const reduced = trace.tensor('gradient', learner.shape, learner.dtype, 'gradients');
      trace.op({ op: 'aten.sum', reads: [gradient], writes: [reduced] });
      trace.release(gradient);
      return [through, reduced];
    },
  });
  trace.release(input);
  return output;
}
