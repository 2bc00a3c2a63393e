import type { DType } from '../../plan/types';
import type { Tensor } from '../trace';
import * as aten from './aten';
import type { PytorchStep, Rows } from './context';

export interface Heads {
  q: Tensor;
  k: Tensor;
  v: Tensor;
}

/** Rows of queries and of keys: they differ where a chunk attends to a prefix. */
export interface Extent {
  queries: Rows;
  keys: Rows;
}

/**
 * Rotary positions as Hugging Face writes them, `x·cos + rotate_half(x)·sin`: nothing is kept (cos and sin need no
 * gradient), but products and halves live for a moment. Under autocast cos and sin are float32, and so is the result.
 */
export function rotary(step: PytorchStep, name: string, x: Tensor): Tensor {
  const { trace, recipe } = step;
  const dtype: DType = recipe.autocast ? 'fp32' : x.dtype;
  return trace.within(name, () => {
    const make = (label: string): Tensor => trace.tensor(label, x.shape, dtype, 'temporary');
    const direct = make('direct');
    trace.op({ op: 'aten.mul', reads: [x], writes: [direct] });
    const rotated = trace.tensor('rotated', x.shape, x.dtype, 'temporary');
    const half = trace.tensor('half', [...x.shape.slice(0, -1), (x.shape.at(-1) ?? 2) / 2], x.dtype, 'temporary');
    trace.op({ op: 'aten.cat', reads: [x], writes: [rotated], temps: [half] });
    const turned = make('turned');
    trace.op({ op: 'aten.mul', reads: [rotated], writes: [turned] });
    trace.release(rotated);
    const output = trace.tensor('rotary', x.shape, dtype, 'activations');
    trace.op({ op: 'aten.add', reads: [direct, turned], writes: [output] });
    trace.release(direct, turned);
    trace.record({
      output,
      inputs: [x],
      saved: [],
      backward: (g) => {
        // The turned half flows back through two slices, each padded with zeros to full size.
        const through = make('through');
        trace.op({ op: 'aten.mul', reads: [g], writes: [through] });
        const padded = trace.tensor('padded', x.shape, x.dtype, 'temporary');
        trace.op({
          op: 'aten.slice_backward',
          reads: [through],
          writes: [padded],
          temps: [trace.tensor('slice', x.shape, x.dtype, 'temporary')],
        });
        trace.release(through);
        const gradient = aten.gradientOf(trace, 'aten.mul', x, [g, padded]);
        trace.release(padded);
        return [gradient];
      },
    });
    return output;
  });
}

/** Scaled dot-product attention by the plan's kernel; takes over the references to q, k and v. */
export function attend(step: PytorchStep, heads: Heads, extent: Extent): Tensor {
  return step.trace.within('attn', () =>
    step.recipe.pytorch.attention === 'sdpa' ? fused(step, heads, extent) : composed(step, heads, extent),
  );
}

/** Fused kernels keep q, k, v, their output and one float32 log-sum-exp a query head and row (FlashAttention-2). */
function fused(step: PytorchStep, heads: Heads, { queries, keys }: Extent): Tensor {
  const { trace, recipe, options } = step;
  const { model } = recipe;
  // Autocast brings the kernel's inputs down to the compute type.
  const [q, k, v] = [heads.q, heads.k, heads.v].map((x) => {
    const narrow = recipe.autocast ? aten.to(trace, x, recipe.compute) : trace.hold(x);
    trace.release(x);
    return narrow;
  }) as [Tensor, Tensor, Tensor];
  const lse = trace.tensor('lse', [queries.batch, model.heads, queries.tokens], 'fp32', 'activations');
  lse.statistic = true;
  const output = trace.tensor('sdpa', q.shape, q.dtype, 'activations');
  const pairs = attendedPairs(queries.tokens, keys.tokens, model.slidingWindow);
  const flops = 4 * queries.batch * model.heads * model.headDim * pairs;
  trace.op({ op: 'sdpa', reads: [q, k, v], writes: [output, lse], flops });
  trace.record({
    output,
    inputs: [q, k, v],
    saved: [q, k, v, output, lse],
    backward: (g) => {
      const gradients = [q, k, v].map((x) => (x.requiresGrad ? trace.tensor('gradient', x.shape, x.dtype, 'temporary') : null));
      const group = model.heads / model.kvHeads;
      const temps: Tensor[] = [];
      if (options.kernels === 'cuda') {
        // FlashAttention-2's backward: a float32 accumulator of dq, the row sums of dO·O, and under grouped queries
        // dk and dv at every query head before they are summed to the key heads.
        temps.push(trace.tensor('dq_accum', q.shape, 'fp32', 'temporary'), trace.tensor('rows', lse.shape, 'fp32', 'temporary'));
        if (group > 1) for (const x of [k, v]) temps.push(trace.tensor('expanded', [group, ...x.shape], x.dtype, 'temporary'));
      }
      trace.op({
        op: 'sdpa_backward',
        reads: [g, q, k, v, output, lse],
        writes: gradients.filter((t) => t !== null),
        temps,
        flops: 2.5 * flops,
      });
      return gradients;
    },
  });
  trace.release(lse, q, k, v);
  return output;
}

/** Attention written out: the probabilities exist in float32 and in the compute type, at all heads × queries × keys. */
function composed(step: PytorchStep, heads: Heads, { queries, keys }: Extent): Tensor {
  const { trace, recipe } = step;
  const { model } = recipe;
  const group = model.heads / model.kvHeads;
  const repeat = (x: Tensor): Tensor => {
    if (group === 1) return x;
    const output = trace.tensor('repeat_kv', [group, ...x.shape], x.dtype, 'activations');
    trace.op({ op: 'aten.clone', reads: [x], writes: [output] });
    trace.record({ output, inputs: [x], saved: [], backward: (g) => [aten.gradientOf(trace, 'aten.sum', x, [g])] });
    trace.release(x);
    return output;
  };
  const narrow = (x: Tensor): Tensor => {
    if (!recipe.autocast) return x;
    const output = aten.to(trace, x, recipe.compute);
    trace.release(x);
    return output;
  };
  const k = repeat(heads.k);
  const v = repeat(heads.v);
  const shape = [queries.batch, model.heads, queries.tokens, keys.tokens];
  const flops = 2 * queries.batch * model.heads * model.headDim * queries.tokens * keys.tokens;
  const q16 = narrow(heads.q);
  const k16 = narrow(k);
  const scores = batched(step, 'aten.bmm', q16, k16, shape, flops);
  trace.release(q16, k16);
  const scaled = aten.scale(trace, scores);
  trace.release(scores);
  const masked = aten.scale(trace, scaled);
  trace.release(scaled);
  const wide = aten.to(trace, masked, 'fp32');
  const probabilities = aten.pointwise(trace, 'softmax', wide, 'output');
  trace.release(wide, masked);
  const low = aten.to(trace, probabilities, recipe.compute);
  trace.release(probabilities);
  const dropped = aten.dropout(trace, low, model.dropout, step.options.kernels);
  trace.release(low);
  const v16 = narrow(v);
  const mixed = batched(step, 'aten.bmm', dropped, v16, heads.q.shape, flops, recipe.compute);
  trace.release(dropped, v16);
  // transpose(1, 2).contiguous()
  const output = trace.tensor('heads', heads.q.shape, mixed.dtype, 'activations');
  trace.op({ op: 'aten.clone', reads: [mixed], writes: [output] });
  trace.record({ output, inputs: [mixed], saved: [], backward: (g) => [aten.gradientOf(trace, 'aten.clone', mixed, [g])] });
  trace.release(mixed);
  return output;
}

/** A batched product of two activations: keeps both. */
function batched(
  step: PytorchStep,
  op: string,
  a: Tensor,
  b: Tensor,
  shape: readonly number[],
  flops: number,
  dtype: DType = a.dtype,
): Tensor {
  const { trace } = step;
  const output = trace.tensor('bmm', shape, dtype, 'activations');
  trace.op({ op, reads: [a, b], writes: [output], flops });
  trace.record({
    output,
    inputs: [a, b],
    saved: [...(b.requiresGrad ? [a] : []), ...(a.requiresGrad ? [b] : [])],
    backward: (g) => [
      a.requiresGrad ? aten.gradientOf(trace, op, a, [g, b], [], flops) : null,
      b.requiresGrad ? aten.gradientOf(trace, op, b, [g, a], [], flops) : null,
    ],
  });
  return output;
}

/** Pairs of a causal kernel that skips masked tiles: for `queries` rows at the end of `keys` positions. */
export function attendedPairs(queries: number, keys: number, window: number): number {
  const before = keys - queries;
  if (window > 0 && window < keys) return queries * Math.min(window, before + queries / 2);
  return queries * before + (queries * (queries + 1)) / 2;
}
