/**
 * PyTorch's own operators: what each allocates, keeps for backward, and allocates in its backward formula
 * (derivatives.yaml and FunctionsManual.cpp of PyTorch 2.x). Views allocate nothing and are not written.
 */
import type { DType } from '../../plan/types';
import type { Category } from '../../planner/types';
import type { Tensor, Trace } from '../trace';
import type { Traffic } from '../types';

const count = (tensor: Tensor): number => tensor.shape.reduce((product, size) => product * size, 1);
const like = (
  trace: Trace,
  tensor: Tensor,
  name: string,
  category: Category = 'temporary',
  dtype: DType = tensor.dtype,
): Tensor => trace.tensor(name, tensor.shape, dtype, category);

/** A new tensor of an op over `inputs`; forward results count as activations unless the op says otherwise. */
function result(
  trace: Trace,
  op: string,
  inputs: readonly Tensor[],
  shape: readonly number[],
  dtype: DType,
  category: Category = 'activations',
): Tensor {
  const output = trace.tensor(op.slice(op.lastIndexOf('.') + 1), shape, dtype, category);
  trace.op({ op, reads: inputs, writes: [output] });
  return output;
}

/** The gradient of a tensor, made by an op from others. */
export function gradientOf(
  trace: Trace,
  op: string,
  of: Tensor,
  reads: readonly Tensor[],
  temps: readonly Tensor[] = [],
  flops = 0,
): Tensor {
  const gradient = like(trace, of, 'gradient', of.leaf ? 'gradients' : of.category === 'logits' ? 'logits' : 'temporary');
  trace.op({ op, reads, writes: [gradient], temps, flops });
  return gradient;
}

/** x[…, k] · wᵀ for w[m, k]: keeps x for w's gradient; w itself is a parameter (or a cast copy, which is kept). */
export function mm(trace: Trace, x: Tensor, w: Tensor, category: Category = 'activations'): Tensor {
  // Experts are stacked in front; each row meets one of them.
  const [m = 1, k = 1] = w.shape.slice(-2);
  const rows = count(x) / k;
  const flops = 2 * rows * m * k;
  const output = trace.tensor('mm', [rows, m], x.dtype, category);
  trace.op({ op: 'aten.mm', reads: [x, w], writes: [output], flops });
  trace.record({
    output,
    inputs: [x, w],
    saved: [...(w.requiresGrad ? [x] : []), ...(x.requiresGrad && !w.leaf ? [w] : [])],
    backward: (g) => [
      x.requiresGrad ? gradientOf(trace, 'aten.mm', x, [g, w], [], flops) : null,
      w.requiresGrad ? gradientOf(trace, 'aten.mm', w, [g, x], [], flops) : null,
    ],
  });
  return output;
}

/** Adds a bias inside the product: nothing more is kept, and its gradient is a sum. */
export function addmm(trace: Trace, x: Tensor, w: Tensor, bias: Tensor, category: Category = 'activations'): Tensor {
  const [m = 1, k = 1] = w.shape;
  const rows = count(x) / k;
  const flops = 2 * rows * m * k;
  const output = trace.tensor('addmm', [rows, m], x.dtype, category);
  trace.op({ op: 'aten.addmm', reads: [x, w, bias], writes: [output], flops });
  trace.record({
    output,
    inputs: [x, w, bias],
    saved: [...(w.requiresGrad ? [x] : []), ...(x.requiresGrad && !w.leaf ? [w] : [])],
    backward: (g) => [
      x.requiresGrad ? gradientOf(trace, 'aten.mm', x, [g, w], [], flops) : null,
      w.requiresGrad ? gradientOf(trace, 'aten.mm', w, [g, x], [], flops) : null,
      bias.requiresGrad ? gradientOf(trace, 'aten.sum', bias, [g]) : null,
    ],
  });
  return output;
}

/** Elementwise product of equal shapes, or of a tensor with a smaller one that is broadcast. */
export function mul(trace: Trace, a: Tensor, b: Tensor, dtype: DType = a.dtype): Tensor {
  const wide = count(a) >= count(b) ? a : b;
  const output = result(trace, 'aten.mul', [a, b], wide.shape, dtype);
  trace.record({
    output,
    inputs: [a, b],
    saved: [...(b.requiresGrad ? [a] : []), ...(a.requiresGrad && !b.leaf ? [b] : [])],
    backward: (g) => {
      // Both products are made before autograd sums the broadcast one down to its shape.
      const part = (of: Tensor, other: Tensor): Tensor | null => {
        if (!of.requiresGrad) return null;
        if (of === wide || count(of) === count(wide)) return gradientOf(trace, 'aten.mul', of, [g, other]);
        const product = like(trace, wide, 'product', 'temporary', of.dtype);
        trace.op({ op: 'aten.mul', reads: [g, other], writes: [product] });
        return product;
      };
      const results = [part(a, b), part(b, a)];
      return [a, b].map((of, index) => {
        const product = results[index] ?? null;
        if (!product || count(product) === count(of)) return product;
        const reduced = gradientOf(trace, 'aten.sum', of, [product]);
        trace.release(product);
        return reduced;
      });
    },
  });
  return output;
}

/** Product with a number: keeps nothing. */
export function scale(trace: Trace, x: Tensor): Tensor {
  const output = result(trace, 'aten.mul', [x], x.shape, x.dtype);
  trace.record({ output, inputs: [x], saved: [], backward: (g) => [gradientOf(trace, 'aten.mul', x, [g])] });
  return output;
}

/** Sum: keeps nothing; the gradient is the same tensor for both, or cast where the types differ. */
export function add(trace: Trace, a: Tensor, b: Tensor, dtype: DType = a.dtype): Tensor {
  const output = result(trace, 'aten.add', [a, b], count(a) >= count(b) ? a.shape : b.shape, dtype);
  const back = (of: Tensor, g: Tensor): Tensor | null => {
    if (!of.requiresGrad) return null;
    if (count(of) !== count(g)) return gradientOf(trace, 'aten.sum', of, [g]);
    return of.dtype === g.dtype ? trace.hold(g) : gradientOf(trace, 'aten._to_copy', of, [g]);
  };
  trace.record({ output, inputs: [a, b], saved: [], backward: (g) => [back(a, g), back(b, g)] });
  return output;
}

/** Sum with a number: keeps nothing, and its gradient is the same tensor. */
export function shift(trace: Trace, x: Tensor): Tensor {
  const output = result(trace, 'aten.add', [x], x.shape, x.dtype);
  trace.record({ output, inputs: [x], saved: [], backward: (g) => [trace.hold(g)] });
  return output;
}

/** `x.pow(3)`: keeps x; its backward makes x², 3x² and the product. */
export function cube(trace: Trace, x: Tensor): Tensor {
  const output = result(trace, 'aten.pow', [x], x.shape, x.dtype);
  trace.record({
    output,
    inputs: [x],
    saved: [x],
    backward: (g) => [gradientOf(trace, 'aten.pow', x, [g, x], [like(trace, x, 'power'), like(trace, x, 'tripled')])],
  });
  return output;
}

/** `x.to(dtype)`: nothing where it is that type already (the same tensor, held once more), else a copy. */
export function to(trace: Trace, x: Tensor, dtype: DType, category: Category = 'activations'): Tensor {
  if (x.dtype === dtype) return trace.hold(x);
  const output = result(trace, 'aten._to_copy', [x], x.shape, dtype, category);
  trace.record({ output, inputs: [x], saved: [], backward: (g) => [gradientOf(trace, 'aten._to_copy', x, [g])] });
  return output;
}

/** `x.pow(2).mean(-1)`: keeps x; its backward makes x¹, 2x¹ and the product while the spread-out gradient is alive. */
export function meanSquare(trace: Trace, x: Tensor): Tensor {
  const square = result(trace, 'aten.pow', [x], x.shape, x.dtype);
  trace.record({
    output: square,
    inputs: [x],
    saved: [x],
    backward: (g) => [gradientOf(trace, 'aten.pow', x, [g, x], [like(trace, x, 'power'), like(trace, x, 'doubled')])],
  });
  const mean = result(trace, 'aten.mean', [square], [...x.shape.slice(0, -1), 1], x.dtype);
  trace.record({ output: mean, inputs: [square], saved: [], backward: (g) => [gradientOf(trace, 'aten.div', square, [g])] });
  trace.release(square);
  return mean;
}

/** An elementwise function that keeps its input (`silu`, `gelu`) or its output (`rsqrt`, `tanh`, `sigmoid`). */
export function pointwise(trace: Trace, op: string, x: Tensor, keeps: 'input' | 'output' | 'both'): Tensor {
  const output = result(trace, `aten.${op}`, [x], x.shape, x.dtype);
  trace.record({
    output,
    inputs: [x],
    saved: keeps === 'both' ? [x, output] : [keeps === 'input' ? x : output],
    backward: (g) => [gradientOf(trace, `aten.${op}_backward`, x, [g, keeps === 'input' ? x : output])],
  });
  return output;
}

/** act(gate) · up in one kernel that keeps both and nothing between them. */
export function gatedProduct(trace: Trace, gate: Tensor, up: Tensor, inPlace: boolean): Tensor {
  const output = result(trace, 'gated_product', [gate, up], gate.shape, gate.dtype);
  trace.record({
    output,
    inputs: [gate, up],
    saved: [gate, up],
    backward: (g) => {
      const own = (of: Tensor): Tensor => (inPlace ? trace.hold(of) : like(trace, of, 'gradient'));
      const gradients = [gate, up].map((of) => (of.requiresGrad ? own(of) : null));
      trace.op({ op: 'gated_product_backward', reads: [g, gate, up], writes: gradients.filter((t) => t !== null) });
      return gradients;
    },
  });
  return output;
}

/** An operator that writes over its input, and in backward over the gradient: keeps nothing. */
export function inPlace(trace: Trace, op: string, x: Tensor): Tensor {
  trace.op({ op, reads: [x], writes: [x] });
  trace.record({
    output: x,
    inputs: [x],
    saved: [],
    backward: (g) => {
      trace.op({ op: `${op}_backward`, reads: [g], writes: [g] });
      return [trace.hold(g)];
    },
  });
  return trace.hold(x);
}

/** A gather, a concatenation or another copy into a new tensor of `shape`: keeps nothing but indices. */
export function copied(
  trace: Trace,
  op: string,
  x: Tensor,
  shape: readonly number[],
  backwardOp: string,
  traffic?: Traffic,
): Tensor {
  const output = trace.tensor(op, shape, x.dtype, 'activations');
  trace.op({ op: `aten.${op}`, reads: [x], writes: [output], traffic });
  trace.record({
    output,
    inputs: [x],
    saved: [],
    backward: (g) => {
      const gradient = like(trace, x, 'gradient', x.leaf ? 'gradients' : x.category === 'logits' ? 'logits' : 'temporary');
      trace.op({ op: `aten.${backwardOp}`, reads: [g], writes: [gradient], traffic });
      return [gradient];
    },
  });
  return output;
}

/** `native_layer_norm`: keeps its input and each row's mean and reciprocal deviation: in float32 on CUDA, in the input's type on CPU. */
export function layerNorm(trace: Trace, x: Tensor, weight: Tensor, bias: Tensor | null, kernels: 'cuda' | 'cpu'): Tensor {
  const rows = count(x) / (x.shape.at(-1) ?? 1);
  const output = trace.tensor('norm', x.shape, x.dtype, 'activations');
  const statistics: DType = kernels === 'cuda' ? 'fp32' : x.dtype;
  const mean = trace.tensor('mean', [rows], statistics, 'activations');
  const rstd = trace.tensor('rstd', [rows], statistics, 'activations');
  mean.statistic = rstd.statistic = true;
  const parameters = bias ? [weight, bias] : [weight];
  trace.op({ op: 'aten.native_layer_norm', reads: [x, ...parameters], writes: [output, mean, rstd] });
  trace.record({
    output,
    inputs: [x, ...parameters],
    saved: [x, mean, rstd],
    backward: (g) => {
      const gradients = [x, ...parameters].map((of) =>
        of.requiresGrad ? like(trace, of, 'gradient', of.leaf ? 'gradients' : 'temporary') : null,
      );
      trace.op({ op: 'aten.native_layer_norm_backward', reads: [g, x, mean, rstd], writes: gradients.filter((t) => t !== null) });
      return gradients;
    },
  });
  trace.release(mean, rstd);
  return output;
}

/** `native_dropout` keeps a one-byte mask on CUDA; CPU's composite keeps the mask in the input's type. */
export function dropout(trace: Trace, x: Tensor, probability: number, kernels: 'cuda' | 'cpu'): Tensor {
  if (probability === 0) return trace.hold(x);
  const mask = like(trace, x, 'mask', 'activations', kernels === 'cuda' ? 'bool' : x.dtype);
  const output = like(trace, x, 'dropout', 'activations');
  trace.op({ op: 'aten.native_dropout', reads: [x], writes: [output, mask] });
  trace.record({
    output,
    inputs: [x],
    saved: [mask],
    backward: (g) => [gradientOf(trace, 'aten.native_dropout_backward', x, [g, mask])],
  });
  trace.release(mask);
  return output;
}
