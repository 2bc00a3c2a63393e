import type { Tensor } from '../trace';
import * as aten from './aten';
import type { PytorchStep } from './context';
import type { ProductCall } from './rules';

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
    const base = product(step, { name, input, weight: step.parameter(name), category });
    const adapters = recipe.adapters;
    if (!adapters?.targets.includes(name)) return base;
    const [a, b] = ['lora_A', 'lora_B'].map((factor) => `${name}.${factor}`) as [string, string];
    const cast = aten.to(trace, input, adapters.dtype);
    const dropped = aten.dropout(trace, cast, adapters.dropout, step.options.kernels);
    const low = product(step, { name: a, input: dropped, weight: step.parameter(a), category: 'activations' });
    trace.release(cast, dropped);
    let high = product(step, { name: b, input: low, weight: step.parameter(b), category: 'activations' });
    trace.release(low);
    if (adapters.rows[name] !== undefined) high = padded(step, high, base);
    if (recipe.pytorch.join) return recipe.pytorch.join(step, name, base, high);
    const scaled = aten.scale(trace, high);
    trace.release(high);
    const sum = aten.add(trace, base, scaled, wider(base, scaled));
    trace.release(base, scaled);
    const output = aten.to(trace, sum, base.dtype, category);
    trace.release(sum);
    return output;
  });
}

/** Copies an update of some columns into zeros of the whole width; index_copy keeps its source. */
function padded(step: PytorchStep, part: Tensor, whole: Tensor): Tensor {
  const { trace } = step;
  const output = trace.tensor('padded', whole.shape, part.dtype, 'activations');
  trace.op({ op: 'aten.index_copy', reads: [part], writes: [output] });
  trace.record({
    output,
    inputs: [part],
    saved: [part],
    backward: (g) => [aten.gradientOf(trace, 'aten.index_select', part, [g])],
  });
  trace.release(part);
  return output;
}

const wider = (a: Tensor, b: Tensor): Tensor['dtype'] => (a.dtype === 'fp32' || b.dtype === 'fp32' ? 'fp32' : a.dtype);

/** One product with a weight as it is stored. */
function product(step: PytorchStep, call: ProductCall): Tensor {
  if (step.recipe.stored(step.weight(call.name)).length > 1) return technique(step, call, () => dequantized(step, call));
  return matmul(step, call.name, call.input, call.weight, call.category);
}

/** A product in the way of the plan's techniques, or else as `plain` writes it. */
const technique = (step: PytorchStep, call: ProductCall, plain: () => Tensor): Tensor =>
  step.recipe.pytorch.product?.(step, call, plain) ?? plain();

/** A quantized base: a full-precision copy of the matrix lives for the product, in forward and again in backward. */
function dequantized(step: PytorchStep, call: ProductCall): Tensor {
  const { trace, recipe } = step;
  if (recipe.pytorch.quantizedKeepsCopy) return unpacked(step, call);
  const { input, weight, category } = call;
  const { quantizedOf = recipe.compute, quantizedKeepsInput } = recipe.pytorch;
  const copied = (dtype: Tensor['dtype']): Tensor => trace.tensor('dequantized', weight.shape, dtype, 'temporary');
  /** The matrix for a product, which takes it over. */
  const copy = (): Tensor => {
    const made = copied(recipe.compute);
    if (quantizedOf !== recipe.compute)
      trace.op({ op: 'dequantize_4bit', reads: [weight], writes: [made], temps: [copied(quantizedOf)] });
    return made;
  };
  const [m = 1, k = 1] = weight.shape;
  const rows = input.shape.reduce((product, size) => product * size, 1) / k;
  const flops = 2 * rows * m * k;
  const output = trace.tensor('mm', [rows, m], input.dtype, category);
  trace.op({ op: 'matmul_4bit', reads: [input, weight], writes: [output], temps: [copy()], flops });
  trace.record({
    output,
    inputs: [input],
    saved: quantizedKeepsInput ? [input] : [],
    backward: (g) => [aten.gradientOf(trace, 'matmul_4bit', input, [g, weight], [copy()], flops)],
  });
  if (quantizedKeepsInput && input.requiresGrad) step.keepInGraph(input);
  return output;
}

/**
 * AutoGPTQ's CUDA modules in training (auto_gptq/nn_modules/qlinear/qlinear_cuda_old.py): int32 codes are shifted apart, narrowed to
 * bytes and scaled by PyTorch's operators, and `torch.matmul(x, weight)` keeps the 16-bit matrix for the gradient of x.
 */
function unpacked(step: PytorchStep, { input, weight, category }: ProductCall): Tensor {
  const { trace, recipe } = step;
  const copy = trace.tensor('dequantized', weight.shape, recipe.compute, 'activations');
  const temps = (['int32', 'int8'] as const).map((dtype) => trace.tensor('codes', weight.shape, dtype, 'temporary'));
  trace.op({ op: 'dequantize', reads: [weight], writes: [copy], temps });
  const output = aten.mm(trace, input, copy, category);
  trace.release(copy);
  return output;
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
  const multiply = (x: Tensor, w: Tensor) =>
    technique(step, { name, input: x, weight: w, category }, () =>
      bias ? aten.addmm(trace, x, w, bias, category) : aten.mm(trace, x, w, category),
    );
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
  if (weight.dtype === recipe.compute) return trace.hold(weight);
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
