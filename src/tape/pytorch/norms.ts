import { FAMILIES } from '../../plan/families';
import type { Tensor } from '../trace';
import * as aten from './aten';
import type { PytorchStep } from './context';

/**
 * The RMSNorm of Hugging Face models: float32 inside, cast back, then scaled. Keeps the float32 copy (the input
 * itself where it is float32 already), one reciprocal per row and, for the weight's gradient, the normalised copy.
 * Gemma multiplies by (1 + weight) in float32 before it casts back.
 */
function rmsNorm(step: PytorchStep, name: string, input: Tensor): Tensor {
  const { trace } = step;
  const weight = step.parameter(name);
  const gemma = step.recipe.model.family.startsWith('gemma');
  return trace.within(name, () => {
    const wide = aten.to(trace, input, 'fp32');
    const mean = aten.meanSquare(trace, wide);
    const rstd = aten.pointwise(trace, 'rsqrt', mean, 'output');
    trace.release(mean);
    const normal = aten.mul(trace, wide, rstd);
    trace.release(rstd, wide);
    if (gemma) {
      // 1.0 + weight.float() is a parameter-sized temporary that the product keeps.
      const factor = trace.tensor('factor', weight.shape, 'fp32', 'activations');
      trace.op({ op: 'aten.add', reads: [weight], writes: [factor] });
      trace.record({
        output: factor,
        inputs: [weight],
        saved: [],
        backward: (g) => [aten.gradientOf(trace, 'aten._to_copy', weight, [g])],
      });
      const scaled = aten.mul(trace, normal, factor);
      trace.release(normal, factor);
      const output = aten.to(trace, scaled, input.dtype);
      trace.release(scaled);
      return output;
    }
    const narrow = aten.to(trace, normal, input.dtype);
    trace.release(normal);
    const output = aten.mul(trace, weight, narrow, input.dtype);
    trace.release(narrow);
    return output;
  });
}

/** The family's norm: RMSNorm, or LayerNorm with a weight and a bias in the input's type. */
export function norm(step: PytorchStep, name: string, input: Tensor): Tensor {
  if (FAMILIES[step.recipe.model.family].norm === 'rms')
    return step.options.compile || step.options.fused.includes('norm')
      ? // One kernel: keeps its input and a reciprocal a row, and makes everything between again.
        step.trace.within(name, () => aten.layerNorm(step.trace, input, step.parameter(name), null, step.options.kernels))
      : rmsNorm(step, name, input);
  return step.trace.within(name, () =>
    aten.layerNorm(step.trace, input, step.parameter(name), step.parameter(`${name}.bias`), step.options.kernels),
  );
}
