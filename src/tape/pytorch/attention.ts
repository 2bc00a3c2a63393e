import { bytesOf } from '../../plan/dtypes';
import { FAMILIES } from '../../plan/families';
import type { DType } from '../../plan/types';
import type { Tensor } from '../trace';
import type { Traffic } from '../types';
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
  /** Pairs of query and key that a causal kernel visits, where the extent stands for several of different lengths. */
  pairs?: number;
  /** A mask says what a chunk's rows see of the prefix, so keys and values are repeated to every query head. */
  masked?: boolean;
}

/**
 * Rotary positions as Hugging Face writes them, `x·cos + rotate_half(x)·sin`: nothing is kept (cos and sin need no
 * gradient), but products and halves live for a moment. Under autocast cos and sin follow the residual stream, float32 beside float32 parameters, and so does the result.
 */
export function rotary(step: PytorchStep, name: string, x: Tensor): Tensor {
  const { trace, recipe } = step;
  const dtype: DType = recipe.autocast ? recipe.parameters : x.dtype;
  if (step.options.fused.includes('rotary')) return trace.within(name, () => aten.inPlace(trace, 'rotary', x));
  if (step.options.compile) return trace.within(name, () => aten.copied(trace, 'rotary', x, x.shape, 'rotary_backward'));
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
  const { recipe, options } = step;
  const { family, dropout } = recipe.model;
  // ALiBi's bias is a mask of scores, and the CPU's fused kernel has no dropout: both fall back to products.
  const unfused = FAMILIES[family].position === 'alibi' || FAMILIES[family].position === 'relative';
  const kernel =
    recipe.pytorch.attention !== 'sdpa'
      ? recipe.pytorch.attention
      : unfused
        ? 'eager'
        : dropout > 0 && options.kernels === 'cpu'
          ? 'math'
          : 'sdpa';
  const core = (given: Heads): Tensor => (kernel === 'sdpa' ? fused(step, given, extent) : composed(step, given, extent, kernel));
  return step.trace.within('attn', () => recipe.pytorch.attentionCore?.(step, heads, core) ?? core(heads));
}

/** Fused kernels keep q, k, v, their output and one float32 log-sum-exp a query head and row (FlashAttention-2). */
function fused(step: PytorchStep, heads: Heads, { queries, keys, pairs: visited, masked = false }: Extent): Tensor {
  const { trace, recipe, options } = step;
  const { model } = recipe;
  const repeats = masked || recipe.pytorch.repeatKv === true;
  const group = repeats ? 1 : model.heads / model.kvHeads;
  // Autocast brings the kernel's inputs down to the compute type.
  const [q, k, v] = [heads.q, heads.k, heads.v].map((x) => {
    const wide = repeats && x !== heads.q ? repeatHeads(step, x) : trace.hold(x);
    trace.release(x);
    const narrow = recipe.autocast ? aten.to(trace, wide, recipe.compute) : trace.hold(wide);
    trace.release(wide);
    return narrow;
  }) as [Tensor, Tensor, Tensor];
  const mask =
    masked || recipe.pytorch.mask
      ? trace.tensor('mask', [queries.batch, queries.tokens, keys.tokens], q.dtype, 'activations')
      : null;
  if (mask) trace.op({ op: 'aten.clone', label: 'mask', writes: [mask] });
  const lse = trace.tensor('lse', [queries.batch, model.heads, queries.tokens], 'fp32', 'activations');
  lse.statistic = true;
  const output = trace.tensor('sdpa', q.shape, q.dtype, 'activations');
  const ring = ringOf(step, q, k);
  const pairs = visited ?? ring?.pairs ?? attendedPairs(queries.tokens, keys.tokens, model.slidingWindow);
  const flops = 4 * queries.batch * model.heads * model.headDim * pairs;
  trace.op({
    op: 'sdpa',
    reads: [q, k, v],
    writes: [output, lse],
    temps: ring?.forward() ?? [],
    flops,
    traffic: ring?.traffic(1),
  });
  trace.record({
    output,
    inputs: [q, k, v],
    saved: [q, k, v, output, lse, ...(mask ? [mask] : [])],
    backward: (g) => {
      const gradients = [q, k, v].map((x) => (x.requiresGrad ? trace.tensor('gradient', x.shape, x.dtype, 'temporary') : null));
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
        temps: [...temps, ...(ring?.backward() ?? [])],
        flops: 2.5 * flops,
        traffic: ring?.traffic(2),
      });
      return gradients;
    },
  });
  trace.release(lse, q, k, v, mask);
  return output;
}

/**
 * Ring attention (Liu et al., arXiv:2310.01889): the sequence is spread over cards, and keys and values go round. Beside
 * a card's own there is the block that it works on and the one that is on its way; partial outputs are summed in float32.
 * In backward the gradients of keys and values travel with them in float32.
 */
function ringOf(step: PytorchStep, q: Tensor, k: Tensor) {
  const { trace, recipe, rows } = step;
  const { context } = recipe.cards;
  if (context === 1) return null;
  const make = (name: string, like: Tensor, dtype: DType): Tensor => trace.tensor(name, like.shape, dtype, 'temporary');
  /** With two cards there is one block beside the own. */
  const blocks = (): Tensor[] =>
    ['ring.work', 'ring.next']
      .slice(0, context - 1)
      .flatMap((name) => [make(`${name}.k`, k, k.dtype), make(`${name}.v`, k, k.dtype)]);
  const whole = rows.tokens * context;
  // By its shape: keys may be views of what a fused projection gave.
  const block = bytesOf(
    k.dtype,
    k.shape.reduce((product, size) => product * size, 1),
  );
  return {
    pairs: attendedPairs(whole, whole, recipe.model.slidingWindow) / context,
    forward: (): Tensor[] => [...blocks(), make('ring.sum', q, 'fp32'), make('ring.part', q, q.dtype)],
    backward: (): Tensor[] => [
      ...blocks(),
      ...['work', 'next'].flatMap((name) => [make(`ring.${name}.dk`, k, 'fp32'), make(`ring.${name}.dv`, k, 'fp32')]),
    ],
    /** Keys and values in forward; in backward their gradients too. */
    traffic: (times: 1 | 2): Traffic => ({ to: 'cards', bytes: times * 2 * block * (context - 1), hidden: true }),
  };
}

/**
 * Attention written out: the probabilities exist at all heads × queries × keys. A model's own code (`eager`) multiplies
 * in the compute type and raises to float32 for the softmax; SDPA's `math` fallback raises q, k and v to float32 first.
 */
function composed(step: PytorchStep, heads: Heads, { queries, keys }: Extent, kernel: 'eager' | 'math'): Tensor {
  const { trace, recipe } = step;
  const { model } = recipe;
  const shape = [queries.batch, model.heads, queries.tokens, keys.tokens];
  const flops = 2 * queries.batch * model.heads * model.headDim * queries.tokens * keys.tokens;
  const inner = kernel === 'math' && step.options.mathRaises ? 'fp32' : recipe.compute;
  /** `x = f(x)` */
  const then = (x: Tensor, ...steps: ((x: Tensor) => Tensor)[]): Tensor =>
    steps.reduce((current, f) => {
      const next = f(current);
      trace.release(current);
      return next;
    }, x);
  const typed = (x: Tensor): Tensor => aten.to(trace, x, inner);
  const k = then(heads.k, (x) => repeatHeads(step, x), typed);
  const v = then(heads.v, (x) => repeatHeads(step, x), typed);
  const q = then(heads.q, typed);
  // `math` scales q and k, `eager` the scores, to which it then adds the mask.
  const scaled = (x: Tensor): Tensor => aten.scale(trace, x);
  const [qs, ks] = kernel === 'math' ? [then(q, scaled), then(k, scaled)] : [q, k];
  const scores = batched(step, qs, ks, shape, flops);
  trace.release(qs, ks);
  const probabilities = then(
    scores,
    ...(kernel === 'eager' ? [scaled, scaled] : [scaled]),
    (x) => aten.to(trace, x, kernel === 'math' ? inner : 'fp32'),
    (x) => aten.pointwise(trace, 'softmax', x, step.options.softmaxKeepsInput ? 'both' : 'output'),
    typed,
    (x) => aten.dropout(trace, x, model.dropout, step.options.kernels),
  );
  const mixed = batched(step, probabilities, v, heads.q.shape, flops);
  trace.release(probabilities, v);
  // transpose(1, 2).contiguous(), in the compute type
  return then(
    mixed,
    (x) => aten.to(trace, x, recipe.compute),
    (x) => aten.copied(trace, 'clone', x, heads.q.shape, 'clone'),
  );
}

/** Keys and values repeated to every query head of their group. */
function repeatHeads(step: PytorchStep, x: Tensor): Tensor {
  const { trace, recipe } = step;
  const group = recipe.model.heads / recipe.model.kvHeads;
  if (group === 1) return trace.hold(x);
  const output = trace.tensor('repeat_kv', [group, ...x.shape], x.dtype, 'activations');
  trace.op({ op: 'aten.clone', reads: [x], writes: [output] });
  trace.record({ output, inputs: [x], saved: [], backward: (g) => [aten.gradientOf(trace, 'aten.sum', x, [g])] });
  return output;
}

/** A batched product of two activations: keeps both. */
function batched(step: PytorchStep, a: Tensor, b: Tensor, shape: readonly number[], flops: number): Tensor {
  const { trace } = step;
  const output = trace.tensor('bmm', shape, a.dtype, 'activations');
  trace.op({ op: 'aten.bmm', reads: [a, b], writes: [output], flops });
  trace.record({
    output,
    inputs: [a, b],
    saved: [...(b.requiresGrad ? [a] : []), ...(a.requiresGrad ? [b] : [])],
    backward: (g) => [
      a.requiresGrad ? aten.gradientOf(trace, 'aten.bmm', a, [g, b], [], flops) : null,
      b.requiresGrad ? aten.gradientOf(trace, 'aten.bmm', b, [g, a], [], flops) : null,
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
