/** Attention, forward and backward, block by block with each query's log-sum-exp. */
import attention from '../kernels/attention.wgsl';
import attentionBackwardKv from '../kernels/attention_backward_kv.wgsl';
import attentionBackwardQ from '../kernels/attention_backward_q.wgsl';
import attentionDelta from '../kernels/attention_delta.wgsl';
import {
  type AttentionVariant,
  backwardKeySource,
  backwardQuerySource,
  forwardSource,
  vectorsOf,
} from '../kernels/attention_unrolled';
import { type Binders, type Bound, bool, type Dispatch, f, grid, kernel, u, words } from './bind';

/** Vectors of four where the head's width allows them. */
const headConstants = (dim: number): string =>
  dim % 4 === 0
    ? `const N: u32 = ${dim / 4}u;\nalias V = vec4<f32>;\nfn inner(a: V, b: V) -> f32 { return dot(a, b); }`
    : `const N: u32 = ${dim}u;\nalias V = f32;\nfn inner(a: V, b: V) -> f32 { return a * b; }`;

/** Widest heads that are written out, with and without shared loads, and invocations of a workgroup. */
const SHARED_WIDTH = 128;
const UNROLLED_WIDTH = 64;
const SHARED_LANES = 16;
const LANES = 64;

/** How the attention kernels are written out for this adapter; null where they are not. */
function writtenOut({ tuning }: Bound, dim: number, over: 'queries' | 'keys'): AttentionVariant | null {
  if (tuning.attention && dim % 16 === 0 && dim <= SHARED_WIDTH) {
    const { rows, keys, queries } = tuning.attention;
    return { dim, rows, block: over === 'queries' ? keys : queries, lanes: SHARED_LANES, shared: true };
  }
  return tuning.unroll && dim <= UNROLLED_WIDTH ? { dim, rows: 2, block: 4, lanes: LANES, shared: false } : null;
}

/** Elements of what an attention kernel reads and writes: queries and outputs, keys and values, a number for each query and head. */
interface Sizes {
  query: number;
  key: number;
  perHead: number;
}

/** Both backward kernels read queries, keys, values, the output's gradient, the log-sum-exps and the deltas. */
const backwardReads = (bound: Bound, { query, key, perHead }: Sizes): [number, number][] =>
  [query, key, key, query, perHead, perHead].map((size, input) => [bound.read(input), size]);

/** One of the attention kernels; keys and values are read up to the end of the stretch. */
function attentionKernel(
  bound: Bound,
  name: string,
  source: string,
  unrolled: (variant: AttentionVariant) => string,
  over: 'queries' | 'keys',
  operands: (sizes: Sizes) => [number, number][],
): Dispatch[] {
  const { count, positions, position, batch } = bound.rows;
  const [heads, kvHeads, dim] = [bound.number('heads'), bound.number('kvHeads'), bound.number('dim')];
  const variant = writtenOut(bound, dim, over);
  const lanes = variant?.lanes ?? LANES;
  const rows = over === 'queries' ? (variant?.rows ?? 1) : 1;
  const end = position + positions;
  const params = [
    u(positions),
    u(position),
    u(batch),
    u(heads),
    u(kvHeads),
    bool(bound.flag('accumulate')),
    f(1 / Math.sqrt(dim)),
    u(vectorsOf(dim).count),
  ];
  const spec = {
    bindings: operands({ query: count * heads * dim, key: end * batch * kvHeads * dim, perHead: count * heads }),
    params,
    groups: (over === 'queries'
      ? [Math.ceil(positions / (lanes * rows)), batch, heads]
      : [Math.ceil(end / lanes), batch, kvHeads]) as [number, number, number],
    flops: bound.op.node.flops,
  };
  if (!variant) return [kernel(name, source, { ...spec, constants: headConstants(dim) })];
  return [
    {
      ...spec,
      key: `${name} written out ${dim}`,
      code: () => unrolled(variant),
      bindings: words(spec.bindings),
    },
  ];
}

export const attentionBinders: Binders = {
  attention: (bound) =>
    attentionKernel(bound, 'attention', attention, forwardSource, 'queries', ({ query, key, perHead }) => [
      [bound.read(0), query],
      [bound.read(1), key],
      [bound.read(2), key],
      [bound.write(0), query],
      [bound.write(1), perHead],
    ]),
  attention_delta: (bound) => {
    const dim = bound.number('dim');
    const count = bound.rows.count * bound.number('heads');
    return [
      kernel('attention_delta', attentionDelta, {
        bindings: [
          [bound.read(0), count * dim],
          [bound.read(1), count * dim],
          [bound.write(0), count],
        ],
        params: [u(count), u(dim)],
        groups: grid(count),
      }),
    ];
  },
  attention_backward_q: (bound) =>
    attentionKernel(bound, 'attention_backward_q', attentionBackwardQ, backwardQuerySource, 'queries', (sizes) =>
      backwardReads(bound, sizes),
    ),
  attention_backward_kv: (bound) =>
    attentionKernel(bound, 'attention_backward_kv', attentionBackwardKv, backwardKeySource, 'keys', (sizes) => [
      ...backwardReads(bound, sizes),
      [bound.write(0), sizes.key],
      [bound.write(1), sizes.key],
    ]),
};
