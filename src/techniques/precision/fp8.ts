import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ProductCall } from '../../tape/pytorch/rules';
import type { Tensor } from '../../tape/trace';
import { OWN_PRODUCTS, withProduct } from '../product';
import { arxiv } from '../spec';
import type { Technique } from '../technique';

/**
 * A layer's product in 8-bit floats as Transformer Engine runs it: input and weight are cast, each with the transposed copy
 * that its backward reads. What crosses to backward are the transposed copies: one byte for each input element where the
 * weight learns, one byte for each weight where the input needs a gradient. Scales and their histories are per tensor.
 */
function float8(step: PytorchStep, { name, input, weight, category }: ProductCall, plain: () => Tensor): Tensor {
  const { trace } = step;
  const codes = step.recipe.stored(step.weight(name)).length > 1;
  if (category === 'logits' || codes || step.weight(name).role !== 'linear') return plain();
  const bias = step.has(`${name}.bias`) ? step.parameter(`${name}.bias`) : null;
  const [m = 1, k = 1] = weight.shape;
  const rows = input.shape.reduce((product, size) => product * size, 1) / k;
  const flops = 2 * rows * m * k;
  const cast = (label: string, shape: readonly number[]): Tensor => trace.tensor(label, shape, 'fp8', 'activations');
  const x = [cast('input.fp8', [rows, k]), cast('input.fp8.transposed', [k, rows])] as const;
  const w = [cast('weight.fp8', [m, k]), cast('weight.fp8.transposed', [k, m])] as const;
  trace.op({ op: 'cast_transpose', reads: [input], writes: x });
  trace.op({ op: 'cast_transpose', reads: [weight], writes: w });
  const output = trace.tensor('mm', [rows, m], input.dtype, category);
  trace.op({ op: 'fp8_mm', reads: [x[0], w[0], ...(bias ? [bias] : [])], writes: [output], flops });
  trace.record({
    output,
    inputs: bias ? [input, weight, bias] : [input, weight],
    saved: [...(weight.requiresGrad ? [x[1]] : []), ...(input.requiresGrad ? [w[1]] : [])],
    backward: (g) => {
      const narrow = [cast('gradient.fp8', [rows, m]), cast('gradient.fp8.transposed', [m, rows])] as const;
      trace.op({ op: 'cast_transpose', reads: [g], writes: narrow });
      const gradients = [
        input.requiresGrad ? aten.gradientOf(trace, 'fp8_mm', input, [narrow[0], w[1]], [], flops) : null,
        weight.requiresGrad ? aten.gradientOf(trace, 'fp8_mm', weight, [narrow[1], x[1]], [], flops) : null,
        bias?.requiresGrad ? aten.gradientOf(trace, 'aten.sum', bias, [g]) : null,
      ];
      trace.release(...narrow);
      return gradients;
    },
  });
  trace.release(...x, ...w);
  return output;
}

export const fp8: Technique = {
  spec: {
    name: 'fp8',
    slot: 'precision',
    exact: false,
    summary: 'Products of the layers in 8-bit floats, everything else in bfloat16, as Transformer Engine does.',
    formula:
      "2 bytes a parameter + 1 byte a weight from forward to its backward; matrices' inputs 1 byte an element in place of 2",
    cost: 'products at up to twice the speed, which the time model does not count; wants a card with 8-bit floats',
    args: [],
    excludes: [{ slot: 'train', names: ['efficient-qat', 'lr-qat'], why: OWN_PRODUCTS }],
    citation: arxiv('2209.05433', 'FP8 Formats for Deep Learning'),
  },
  rewrite: (recipe) => ({
    ...withProduct(recipe, float8),
    compute: 'bf16',
    autocast: false,
    parameters: 'bf16',
    stored: (weight) => [{ name: 'weight', shape: weight.shape, dtype: 'bf16' }],
  }),
};
