import type { Tensor } from '../trace';
import * as aten from './aten';
import type { PytorchStep } from './context';

/**
 * `nn.Linear` of a named weight, with what the plan puts around it: autocast's copies, a quantized base that is
 * dequantized for each use, and a LoRA adapter (PEFT's `result + B(A(dropout(x))) · scale`).
 */
export function linear(
  step: PytorchStep,
  name: string,
  input: Tensor,
  category: 'activations' | 'logits' = 'activations',
): Tensor {
  const { trace, recipe } = step;
  return trace.within(name, () => {
    const base = product(step, name, input, category);
    const adapters = recipe.adapters;
    if (!adapters?.targets.includes(name)) return base;
    const a = step.parameter(`${name}.lora_A`);
    const b = step.parameter(`${name}.lora_B`);
    const cast = aten.to(trace, input, adapters.dtype);
    const dropped = aten.dropout(trace, cast, adapters.dropout, step.options.kernels);
    const low = matmul(step, `${name}.lora_A`, dropped, a);
    trace.release(cast, dropped);
    const high = matmul(step, `${name}.lora_B`, low, b);
    trace.release(low);
    const scaled = aten.scale(trace, high);
    trace.release(high);
    const sum = aten.add(trace, base, scaled, wider(base, scaled));
    trace.release(base, scaled);
    const output = aten.to(trace, sum, base.dtype, category);
    trace.release(sum);
    return output;
  });
}

const wider = (a: Tensor, b: Tensor): Tensor['dtype'] => (a.dtype === 'fp32' || b.dtype === 'fp32' ? 'fp32' : a.dtype);

function product(step: PytorchStep, name: string, input: Tensor, category: 'activations' | 'logits'): Tensor {
  const { trace, recipe } = step;
  const weight = step.parameter(name);
  const kept = recipe.stored(step.weight(name));
  if (kept.length > 1) {
    // A quantized base: a full-precision copy of the matrix lives for the product, in forward and again in backward.
    const copy = () => trace.tensor('dequantized', weight.shape, recipe.compute, 'temporary');
    const [m = 1, k = 1] = weight.shape;
    const rows = input.shape.reduce((product, size) => product * size, 1) / k;
    const flops = 2 * rows * m * k;
    const output = trace.tensor('mm', [rows, m], input.dtype, category);
    trace.op({ op: 'matmul_4bit', reads: [input, weight], writes: [output], temps: [copy()], flops });
    trace.record({
      output,
      inputs: [input],
      saved: [],
      backward: (g) => [aten.gradientOf(trace, 'matmul_4bit', input, [g, weight], [copy()], flops)],
    });
    return output;
  }
  return matmul(step, name, input, weight, category);
}

/** The product in the compute type: under autocast the input is copied for each use, the weight once while the cache is on. */
function matmul(
  step: PytorchStep,
  name: string,
  input: Tensor,
  weight: Tensor,
  category: 'activations' | 'logits' = 'activations',
): Tensor {
  const { trace, recipe } = step;
  const bias = step.has(`${name}.bias`) ? step.parameter(`${name}.bias`) : null;
  const multiply = (x: Tensor, w: Tensor) => (bias ? aten.addmm(trace, x, w, bias, category) : aten.mm(trace, x, w, category));
  if (!recipe.autocast) return multiply(input, weight);
  const narrow = aten.to(trace, input, recipe.compute);
  const cast = castOf(step, name, weight);
  const output = multiply(narrow, cast);
  trace.release(narrow, cast);
  return output;
}

/** Autocast's copy of a weight; with the cache on, autocast holds it until it ends. */
function castOf(step: PytorchStep, name: string, weight: Tensor): Tensor {
  const { trace, recipe } = step;
  const cached = step.cachedCast(name);
  if (cached) return trace.hold(cached);
  const copy = trace.tensor('cast', weight.shape, recipe.compute, 'weights');
  trace.op({ op: 'aten._to_copy', reads: [weight], writes: [copy] });
  trace.record({
    output: copy,
    inputs: [weight],
    saved: [],
    backward: (g) => [aten.gradientOf(trace, 'aten._to_copy', weight, [g])],
  });
  if (step.options.castCache && weight.leaf && weight.requiresGrad) step.cacheCast(name, copy);
  return copy;
}
