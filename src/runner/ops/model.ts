/** The ops that every plan's step is made of. */
import add from '../kernels/add.wgsl';
import copy from '../kernels/copy.wgsl';
import crossEntropy from '../kernels/cross_entropy.wgsl';
import crossEntropyWide from '../kernels/cross_entropy_wide.wgsl';
import dropout from '../kernels/dropout.wgsl';
import dropoutInPlace from '../kernels/dropout_in_place.wgsl';
import embed from '../kernels/embed.wgsl';
import embedBackward from '../kernels/embed_backward.wgsl';
import lseFinish from '../kernels/lse_finish.wgsl';
import lseStart from '../kernels/lse_start.wgsl';
import lseTile from '../kernels/lse_tile.wgsl';
import lseTileWide from '../kernels/lse_tile_wide.wgsl';
import rmsnorm from '../kernels/rmsnorm.wgsl';
import rmsnormBackward from '../kernels/rmsnorm_backward.wgsl';
import rmsnormBackwardWide from '../kernels/rmsnorm_backward_wide.wgsl';
import rmsnormGain from '../kernels/rmsnorm_gain.wgsl';
import rmsnormWide from '../kernels/rmsnorm_wide.wgsl';
import rope from '../kernels/rope.wgsl';
import swiglu from '../kernels/swiglu.wgsl';
import swigluBackward from '../kernels/swiglu_backward.wgsl';
import swigluInPlace from '../kernels/swiglu_in_place.wgsl';
import tileGradient from '../kernels/tile_gradient.wgsl';
import tileGradientWide from '../kernels/tile_gradient_wide.wgsl';
import workgroup from '../kernels/workgroup.wgsl';
import zero from '../kernels/zero.wgsl';
import { type Binders, type Bound, bool, type Dispatch, f, grid, kernel, type StepState, u, type Word } from './bind';
import { copied } from './copy';
import { bindMatmul } from './matmul';

/** Added under the root of a norm's mean square. */
export const NORM_EPSILON = 1e-6;

/** A stream of random numbers of its own for every step, layer and site. */
export const stream =
  (layer: number, site: number) =>
  (state: StepState): number =>
    Math.imul(state.seed, 0x9e3779b1) ^
    Math.imul(state.index + 1, 0x85ebca6b) ^
    Math.imul(layer + 1, 0xc2b2ae35) ^
    Math.imul(site + 1, 0x27d4eb2f);

/** Elementwise over rows × columns. */
function elementwise(bound: Bound, name: string, source: string, storages: number[]): Dispatch[] {
  const count = bound.rows.count * bound.number('columns');
  return [
    kernel(name, source, { bindings: storages.map((storage) => [storage, count]), params: [u(count)], groups: grid(count) }),
  ];
}

/** A kernel over rows: one an invocation, or one a workgroup where the adapter joins what a workgroup finds at no cost. */
function overRows(
  bound: Bound,
  name: string,
  narrow: string,
  wide: string,
  spec: { bindings: [storage: number, words: number][]; params: Word[] },
): Dispatch[] {
  const { count } = bound.rows;
  if (bound.tuning.wideRows) return [kernel(`${name} wide`, wide, { ...spec, groups: [count, 1, 1], constants: workgroup })];
  return [kernel(name, narrow, { ...spec, groups: grid(count) })];
}

export const modelBinders: Binders = {
  release: () => [],
  reserve: () => [],
  matmul: bindMatmul,
  zero: (bound) => {
    const count = bound.elements(bound.write(0));
    return [kernel('zero', zero, { bindings: [[bound.write(0), count]], params: [u(count)], groups: grid(count) })];
  },
  copy: (bound) => {
    const count = bound.elements(bound.read(0));
    return [
      kernel('copy', copy, {
        bindings: [
          [bound.read(0), count],
          [bound.write(0), count],
        ],
        params: [u(count)],
        groups: grid(count),
      }),
    ];
  },
  copy_rows: (bound) => {
    const columns = bound.number('columns');
    return copied(bound, bound.rows.count * columns, bound.row(0) * columns, bound.row(1) * columns);
  },
  add: (bound) => {
    const columns = bound.number('columns');
    const count = bound.rows.count * columns;
    const a = bound.row(0) * columns;
    const b = bound.row(1) * columns;
    return [
      kernel('add', add, {
        bindings: [
          [bound.read(0), a + count],
          [bound.read(1), b + count],
        ],
        params: [u(count), u(a), u(b)],
        groups: grid(count),
      }),
    ];
  },
  embed: (bound) => {
    const columns = bound.number('columns');
    const { count } = bound.rows;
    return [
      kernel('embed', embed, {
        bindings: [
          [bound.read(0), count],
          [bound.read(1), bound.elements(bound.read(1))],
          [bound.write(0), count * columns],
        ],
        params: [u(count), u(columns)],
        groups: grid(count * columns),
      }),
    ];
  },
  embed_backward: (bound) => {
    const columns = bound.number('columns');
    const words = bound.rows.count;
    return [
      kernel('embed_backward', embedBackward, {
        bindings: [
          [bound.read(0), bound.elements(bound.read(0))],
          [bound.read(1), bound.elements(bound.read(1))],
          [bound.read(2), words + 1],
          [bound.write(0), words * columns],
        ],
        params: [u(words), u(columns), bool(bound.flag('accumulate'))],
        groups: grid(words * columns),
      }),
    ];
  },
  rmsnorm: (bound) => {
    const columns = bound.number('columns');
    const { count } = bound.rows;
    const [x, out] = [bound.row(0), bound.row(2)];
    return overRows(bound, 'rmsnorm', rmsnorm, rmsnormWide, {
      bindings: [
        [bound.read(0), (x + count) * columns],
        [bound.read(1), columns],
        [bound.write(0), (out + count) * columns],
      ],
      params: [u(count), u(columns), u(x), u(out), f(NORM_EPSILON)],
    });
  },
  rmsnorm_backward: (bound) => {
    const columns = bound.number('columns');
    const { count } = bound.rows;
    const [x, upstream, result] = [bound.row(0), bound.row(2), bound.row(bound.op.reads.length)];
    return overRows(bound, 'rmsnorm_backward', rmsnormBackward, rmsnormBackwardWide, {
      bindings: [
        [bound.read(0), (x + count) * columns],
        [bound.read(1), columns],
        [bound.read(2), (upstream + count) * columns],
        [bound.write(0), (result + count) * columns],
        [bound.write(1), count],
      ],
      params: [u(count), u(columns), u(x), u(upstream), u(result), bool(bound.flag('accumulate')), f(NORM_EPSILON)],
    });
  },
  rmsnorm_gain: (bound) => {
    const columns = bound.number('columns');
    const { count } = bound.rows;
    const [x, upstream] = [bound.row(0), bound.row(1)];
    return [
      kernel('rmsnorm_gain', rmsnormGain, {
        bindings: [
          [bound.read(0), (x + count) * columns],
          [bound.read(1), (upstream + count) * columns],
          [bound.read(2), count],
          [bound.write(0), columns],
        ],
        params: [u(count), u(columns), u(x), u(upstream), bool(bound.flag('accumulate'))],
        groups: grid(columns),
      }),
    ];
  },
  rope: (bound) => {
    const [heads, dim] = [bound.number('heads'), bound.number('dim')];
    const { count, batch, position, positions } = bound.rows;
    const row = bound.row(0);
    return [
      kernel('rope', rope, {
        bindings: [
          [bound.read(0), (row + count) * heads * dim],
          [bound.read(1), (position + positions) * dim],
        ],
        params: [u(count), u(row), u(heads), u(dim), u(batch), u(position), f(bound.flag('inverse') ? -1 : 1)],
        groups: grid(count * heads * (dim / 2)),
      }),
    ];
  },
  swiglu: (bound) =>
    bound.write(0) === bound.read(0)
      ? elementwise(bound, 'swiglu_in_place', swigluInPlace, [bound.read(0), bound.read(1)])
      : elementwise(bound, 'swiglu', swiglu, [bound.read(0), bound.read(1), bound.write(0)]),
  swiglu_backward: (bound) =>
    elementwise(bound, 'swiglu_backward', swigluBackward, [bound.read(0), bound.read(1), bound.read(2)]),
  dropout: (bound) => {
    const columns = bound.number('columns');
    const count = bound.rows.count * columns;
    const from = bound.row(0) * columns;
    const inPlace = bound.write(0) === bound.read(0);
    return [
      kernel(inPlace ? 'dropout_in_place' : 'dropout', inPlace ? dropoutInPlace : dropout, {
        bindings: [[bound.read(0), from + count], ...(inPlace ? [] : [[bound.write(0), count] as [number, number]])],
        params: [
          u(count),
          u(from),
          u(bound.rows.row * columns),
          u(stream(bound.op.layer ?? 0, bound.number('site'))),
          f(bound.number('probability')),
        ],
        groups: grid(count),
      }),
    ];
  },
  cross_entropy: (bound) => {
    const columns = bound.number('columns');
    const { count } = bound.rows;
    const row = bound.row(1);
    return overRows(bound, 'cross_entropy', crossEntropy, crossEntropyWide, {
      bindings: [
        [bound.read(0), count * columns],
        [bound.read(1), row + count],
        [bound.write(1), row + count],
      ],
      params: [u(count), u(columns), u(row), f((state) => 1 / state.valid)],
    });
  },
  lse_start: (bound) => {
    const count = bound.elements(bound.write(0)) / 3;
    return [kernel('lse_start', lseStart, { bindings: [[bound.write(0), count * 3]], params: [u(count)], groups: grid(count) })];
  },
  lse_tile: (bound) => {
    const { wide, rows, ...spec } = tileOf(bound);
    if (wide) return [kernel('lse_tile wide', lseTileWide, { ...spec, groups: [rows, 1, 1], constants: workgroup })];
    return [kernel('lse_tile', lseTile, { ...spec, groups: grid(rows) })];
  },
  lse_finish: (bound) => {
    const { count, row } = bound.rows;
    return [
      kernel('lse_finish', lseFinish, {
        bindings: [
          [bound.read(0), count * 3],
          [bound.read(1), row + count],
          [bound.write(1), row + count],
        ],
        params: [u(count), u(row)],
        groups: grid(count),
      }),
    ];
  },
  tile_gradient: (bound) => {
    const { wide, rows, stride, ...tile } = tileOf(bound);
    const spec = { ...tile, params: [...tile.params, f((state) => 1 / state.valid)] };
    if (wide) return [kernel('tile_gradient wide', tileGradientWide, { ...spec, groups: grid(rows * stride) })];
    return [kernel('tile_gradient', tileGradient, { ...spec, groups: grid(rows) })];
  },
};

/** The tile of the vocabulary that this iteration of the innermost repeat works on: logits, labels, and what each row knows of its sum. */
function tileOf(bound: Bound) {
  const { count: rows, row } = bound.rows;
  const stride = bound.number('columns');
  const first = (bound.op.path[bound.op.path.length - 1] ?? 0) * stride;
  const width = Math.min(stride, bound.number('vocab') - first);
  const bindings: [number, number][] = [
    [bound.read(0), rows * stride],
    [bound.read(1), row + rows],
    [bound.read(2), rows * 3],
  ];
  // Where rows are not read four words at a time, their neighbours are read by neighbours.
  const wide = bound.tuning.wideRows || stride % 4 !== 0;
  return { wide, rows, stride, bindings, params: [u(rows), u(stride), u(width), u(first), u(row)] };
}
