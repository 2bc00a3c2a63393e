import type { Tensor } from '../../tape/trace';
import { emit, make } from '../../tape/webgpu/ops';
import type { SampleRule } from '../../tape/webgpu/rules';
import { keptRows } from './memory';

/**
 * Winner-take-all column-row sampling. The engine keeps no matrix's input: its backward makes it again from what the layer keeps, draws rows
 * of it by their lengths, which is all that a forward would know, and goes on with those.
 */
export function sampleRule(share: number): SampleRule {
  const kept = (rows: number): number => keptRows(share, rows);
  return {
    kept,
    draw: (trace, rows, input, columns, site) => {
      const count = kept(rows.count);
      const numbers = make(trace, 'sample.rows', [count], 'activations', 'int32');
      const factors = make(trace, 'sample.factors', [count], 'temporary');
      /** Length of each row, number of each row in descending order of length, and sums of the lengths from there on. */
      const work = (name: string, dtype: 'fp32' | 'int32' = 'fp32'): Tensor =>
        make(trace, `sample.${name}`, [rows.count], 'temporary', dtype);
      const temps = [work('lengths'), work('order', 'int32'), work('sums')];
      emit(trace, {
        op: 'draw_rows',
        label: 'sample',
        rows,
        reads: [input],
        writes: [numbers, factors],
        temps,
        flops: rows.count * (2 * columns + rows.count),
        attrs: { columns, site },
      });
      return { numbers, factors };
    },
    take: (trace, rows, source, columns, numbers, factors) => {
      const taken = make(trace, 'sample', [kept(rows.count), columns], factors ? 'activations' : 'temporary');
      emit(trace, {
        op: 'take_rows',
        label: 'sample',
        rows,
        reads: [source, numbers, ...(factors ? [factors] : [])],
        writes: [taken],
        attrs: { columns },
      });
      return taken;
    },
  };
}
