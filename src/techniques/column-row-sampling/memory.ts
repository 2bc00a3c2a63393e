import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ProductCall } from '../../tape/pytorch/rules';
import type { Tensor } from '../../tape/trace';

/** Rows that are kept however small the share (zirui-ray-liu/WTACRS). */
const FEWEST = 10;

export const keptRows = (share: number, rows: number): number => Math.min(rows, Math.max(FEWEST, Math.round(share * rows)));

/** The product of a trained matrix, which keeps sampled rows of its input and their numbers; the head is left as it is. */
export function sampled(step: PytorchStep, call: ProductCall, share: number, plain: () => Tensor): Tensor {
  const { trace } = step;
  const { name, input, weight, category } = call;
  const [m = 1, k = 1] = weight.shape;
  const rows = input.shape.reduce((product, size) => product * size, 1) / k;
  const kept = keptRows(share, rows);
  const codes = step.recipe.stored(step.weight(name)).length > 1;
  if (!weight.requiresGrad || codes || kept >= rows || category === 'logits' || !trace.keepsForBackward) return plain();
  const bias = step.has(`${name}.bias`) ? step.parameter(`${name}.bias`) : null;
  const flops = 2 * rows * m * k;
  const output = trace.tensor('mm', [rows, m], input.dtype, category);
  trace.op({ op: bias ? 'aten.addmm' : 'aten.mm', reads: [input, weight, ...(bias ? [bias] : [])], writes: [output], flops });
  const sample = trace.tensor('sample', [kept, k], input.dtype, 'activations');
  const numbers = trace.tensor('sample.rows', [kept], 'int64', 'activations');
  trace.op({ op: 'sample', reads: [input], writes: [sample, numbers] });
  trace.record({
    output,
    inputs: bias ? [input, weight, bias] : [input, weight],
    saved: [sample, numbers, ...(weight.leaf ? [] : [weight])],
    backward: (g) => {
      const through = input.requiresGrad ? aten.gradientOf(trace, 'aten.mm', input, [g, weight], [], flops) : null;
      const chosen = trace.tensor('gradient.rows', [kept, m], g.dtype, 'temporary');
      trace.op({ op: 'aten.index_select', reads: [g, numbers], writes: [chosen] });
      const gradient = aten.gradientOf(trace, 'aten.mm', weight, [chosen, sample], [], 2 * kept * m * k);
      trace.release(chosen);
      return [through, gradient, bias?.requiresGrad ? aten.gradientOf(trace, 'aten.sum', bias, [g]) : null];
    },
  });
  trace.release(sample, numbers);
  return output;
}
