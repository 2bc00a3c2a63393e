import { guarded } from '../kernels/guard';
import { MATMUL_GROUP, type MatmulVariant, matmulSource } from '../kernels/matmul';
import { quadSource } from '../kernels/matmul_quads';
import { type Binder, type Bound, type Dispatch, f, u } from './bind';

const quarter = (...values: number[]): boolean => values.every((value) => value % 4 === 0);

/** A product of which a filter may have left nothing: its last operand tells of which blocks, of `side` rows and columns. */
function leavingOut(bound: Bound, dispatch: Dispatch, rows: number, [count, columns]: [number, number]): Dispatch {
  const side = bound.number('side');
  const form = bound.text('form') as 'nn' | 'tn';
  const [down, across] = [Math.ceil(count / side), Math.ceil(columns / side)];
  const binding = dispatch.bindings.length;
  return {
    ...dispatch,
    key: `${dispatch.key} guarded`,
    code: () => guarded(dispatch.code(), { rows, form, side, binding }),
    bindings: [...dispatch.bindings, { storage: bound.read(bound.op.reads.length - 1), words: down * across }],
    params: [u(down), u(across), ...dispatch.params],
  };
}

export const bindMatmul: Binder = (bound: Bound): Dispatch[] => {
  const form = bound.text('form') as MatmulVariant['form'];
  const addend = bound.flag('addend');
  const accumulate = bound.flag('accumulate');
  const out = bound.op.reads.length;
  const { count } = bound.rows;
  let n = bound.number('n');
  let k = bound.number('k');
  // A tile of the vocabulary: `columns` wide in memory, narrower at the end.
  const columns = form === 'nt' ? n : k;
  let first = 0;
  let width = columns;
  if (bound.flag('tiled')) {
    first = (bound.op.path[bound.op.path.length - 1] ?? 0) * columns;
    width = Math.min(columns, bound.number('vocab') - first);
  }
  const strides = form === 'tn' ? { a: k, b: n, c: n } : form === 'nt' ? { a: k, b: k, c: n } : { a: k, b: n, c: n };
  if (form === 'nt') n = width;
  else k = width;
  const [m, depth] = form === 'tn' ? [k, count] : [count, k];
  const a0 = bound.row(0) * strides.a;
  const b0 = form === 'tn' ? bound.row(1) * strides.b : first * strides.b;
  const c0 = form === 'tn' ? first * strides.c : bound.row(out) * strides.c;
  const r0 = addend ? bound.row(2) * strides.c : 0;
  const vector = quarter(strides.a, strides.b, strides.c, a0, b0, c0, r0, n) && (form === 'tn' ? quarter(m) : quarter(depth));
  const size = (rows: number, stride: number, used: number) => (rows - 1) * stride + used;
  const bindings = [
    { storage: bound.read(0), words: a0 + (form === 'tn' ? size(depth, strides.a, m) : size(m, strides.a, depth)) },
    { storage: bound.read(1), words: b0 + (form === 'nt' ? size(n, strides.b, depth) : size(depth, strides.b, n)) },
    { storage: bound.write(0), words: c0 + size(m, strides.c, n) },
    ...(addend ? [{ storage: bound.read(2), words: r0 + size(m, strides.c, n) }] : []),
  ];
  const params = [
    u(m),
    u(n),
    u(depth),
    u(strides.a),
    u(strides.b),
    u(strides.c),
    u(a0),
    u(b0),
    u(c0),
    u(r0),
    f(bound.number('alpha')),
    u(accumulate ? 1 : 0),
  ];
  const shared = { bindings, params, flops: 2 * m * n * depth };
  const { matmul } = bound.tuning;
  const filtered = (product: Dispatch, rows: number): Dispatch =>
    bound.flag('filtered') ? leavingOut(bound, product, rows, [count, columns]) : product;
  if (matmul && vector && m >= matmul.rows) {
    const columns = matmul.lanes * matmul.quads * 4;
    const product: Dispatch = {
      ...shared,
      params: [...params, u(matmul.rows * matmul.quads)],
      key: `matmul quads ${form}${addend ? ' addend' : ''}`,
      code: () => quadSource({ ...matmul, form, addend }),
      groups: [Math.ceil(n / columns), Math.ceil(m / matmul.rows), 1],
    };
    return [filtered(product, matmul.rows)];
  }
  // Small results are cut finer, so that there is work for every core; so are odd sizes, whose code is longer.
  const tile = !vector || Math.ceil(m / 64) * Math.ceil(n / 64) < 16 ? 4 : 8;
  const variant: MatmulVariant = { form, tile, vector, accumulate, addend };
  const product: Dispatch = {
    ...shared,
    key: `matmul ${Object.values(variant).join(' ')}`,
    code: () => matmulSource(variant),
    groups: [Math.ceil(n / (tile * MATMUL_GROUP)), Math.ceil(m / (tile * MATMUL_GROUP)), 1],
  };
  return [filtered(product, tile * MATMUL_GROUP)];
};
