import type { Model } from '../../plan/types';
import { type Weight, weightsOf } from '../../plan/weights';
import * as aten from '../../tape/pytorch/aten';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ProductCall } from '../../tape/pytorch/rules';
import type { Tensor } from '../../tape/trace';

const sliceOf = (name: string): string => `${name}.slice`;

/** The columns of each target that learn. */
export const slicesOf = (model: Model, share: number, targets: readonly string[]): Weight[] =>
  weightsOf(model)
    .layer.filter(({ name }) => targets.some((target) => name === `attn.${target}` || name === `mlp.${target}`))
    .map(({ name, shape: [m = 1, n = 1] }) => ({
      name: sliceOf(name),
      shape: [m, Math.round(share * n)],
      role: 'adapter' as const,
    }))
    .filter(({ shape }) => shape[1] !== 0);

/** The product with the whole matrix, which keeps a copy of the slice's channels alone (Infini-AI-Lab/S2FT, efficiency/s2ft.py). */
export function sliced(step: PytorchStep, call: ProductCall, plain: () => Tensor): Tensor {
  const { trace } = step;
  if (!step.has(sliceOf(call.name))) return plain();
  const { input, weight, category } = call;
  const slice = step.parameter(sliceOf(call.name));
  const [m = 1, k = 1] = weight.shape;
  const rows = input.shape.reduce((product, size) => product * size, 1) / k;
  const width = slice.shape[1] ?? 0;
  const output = trace.tensor('mm', [rows, m], input.dtype, category);
  trace.op({ op: 'aten.mm', reads: [input, weight], writes: [output], flops: 2 * rows * m * k });
  const channels = trace.tensor('channels', [rows, width], input.dtype, 'activations');
  if (trace.keepsForBackward) trace.op({ op: 'aten.clone', reads: [input], writes: [channels] });
  trace.record({
    output,
    inputs: [input, slice],
    saved: [channels],
    backward: (g) => [
      input.requiresGrad ? aten.gradientOf(trace, 'aten.mm', input, [g, weight], [], 2 * rows * m * k) : null,
      aten.gradientOf(trace, 'aten.mm', slice, [g, channels], [], 2 * rows * m * width),
    ],
  });
  trace.release(channels);
  return output;
}
