/** Quantization inside the step: weights that learn through their own rounding. */
import type { PytorchStep } from '../tape/pytorch/context';
import type { Tensor } from '../tape/trace';

/**
 * A matrix rounded to its grid, in the compute type: it is kept for the gradient of the product's input, and a mask of
 * what was not clipped for the straight-through gradient. `from` are the parameters that it is made of.
 */
export function fakeQuantized(
  step: PytorchStep,
  shape: readonly number[],
  from: readonly Tensor[],
  reads: readonly Tensor[],
  flops = 0,
): Tensor {
  const { trace, recipe } = step;
  const matrix = trace.tensor('quantized', shape, recipe.compute, 'activations');
  const mask = trace.tensor('mask', shape, 'bool', 'activations');
  const scaled = trace.tensor('scaled', shape, recipe.compute, 'temporary');
  trace.op({ op: 'fake_quantize', reads, writes: [matrix, mask], temps: [scaled], flops });
  trace.record({
    output: matrix,
    inputs: from,
    saved: [mask],
    backward: (g) => {
      const gradients = from.map((of) =>
        of.requiresGrad ? trace.tensor('gradient', of.shape, of.dtype, of.leaf ? 'gradients' : 'temporary') : null,
      );
      trace.op({
        op: 'fake_quantize_backward',
        reads: [g, mask],
        writes: gradients.filter((t) => t !== null),
        temps: [trace.tensor('masked', shape, recipe.compute, 'temporary')],
        flops: 2 * flops,
      });
      return gradients;
    },
  });
  trace.release(mask);
  return matrix;
}
