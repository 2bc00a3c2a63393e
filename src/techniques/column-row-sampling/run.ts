import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import drawRows from './kernels/draw_rows.wgsl';
import dropoutRows from './kernels/dropout_rows.wgsl';
import rowLengths from './kernels/row_lengths.wgsl';
import rowOrder from './kernels/row_order.wgsl';
import takeRows from './kernels/take_rows.wgsl';

/** Set apart from the streams of dropout and of rounding. */
const SAMPLING_SITES = 9101;

export const columnRowBinders: Binders = {
  draw_rows: (bound) => {
    const { count, row } = bound.rows;
    const columns = bound.number('columns');
    const kept = bound.elements(bound.write(0));
    const [lengths, order, sums] = [bound.temp(0), bound.temp(1), bound.temp(2)];
    return [
      kernel('row_lengths', rowLengths, {
        bindings: [
          [bound.read(0), count * columns],
          [lengths, count],
        ],
        params: [u(count), u(columns)],
        groups: grid(count),
        flops: 2 * count * columns,
      }),
      kernel('row_order', rowOrder, {
        bindings: [
          [lengths, count],
          [order, count],
          [sums, count],
        ],
        params: [u(count)],
        groups: grid(count),
        flops: count * count,
      }),
      kernel('draw_rows', drawRows, {
        bindings: [
          [order, count],
          [sums, count],
          [bound.write(0), kept],
          [bound.write(1), kept],
        ],
        params: [u(count), u(kept), u(row), u(stream(bound.op.layer ?? 0, SAMPLING_SITES + bound.number('site')))],
        groups: [1, 1, 1],
      }),
    ];
  },
  take_rows: (bound) => {
    const columns = bound.number('columns');
    const count = bound.elements(bound.write(0));
    const scaled = bound.op.reads.length > 2;
    const begin = bound.row(0) * columns;
    return [
      kernel('take_rows', takeRows, {
        constants: scaled
          ? '@group(0) @binding(3) var<storage, read_write> factors: array<f32>;\nfn factor(row: u32) -> f32 { return factors[row]; }'
          : 'fn factor(row: u32) -> f32 { return 1.0; }',
        bindings: [
          [bound.read(0), begin + bound.rows.count * columns],
          [bound.read(1), count / columns],
          [bound.write(0), count],
          ...(scaled ? [[bound.read(2), count / columns] as [number, number]] : []),
        ],
        params: [u(count), u(columns), u(begin)],
        groups: grid(count),
      }),
    ];
  },
  dropout_rows: (bound) => {
    const columns = bound.number('columns');
    const count = bound.elements(bound.write(0));
    return [
      kernel('dropout_rows', dropoutRows, {
        bindings: [
          [bound.read(0), count],
          [bound.read(1), count / columns],
          [bound.write(0), count],
        ],
        params: [
          u(count),
          u(columns),
          u(bound.rows.row),
          u(stream(bound.op.layer ?? 0, bound.number('site'))),
          f(bound.number('probability')),
        ],
        groups: grid(count),
      }),
    ];
  },
};
