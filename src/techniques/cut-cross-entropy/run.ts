import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import tileFilter from './kernels/tile_filter.wgsl';
import { FILTER_SIDE } from './webgpu';

export const cutCrossEntropyBinders: Binders = {
  tile_filter: (bound) => {
    const { count } = bound.rows;
    const stride = bound.number('columns');
    const across = Math.ceil(stride / FILTER_SIDE);
    const least = bound.number('least');
    return [
      kernel('tile_filter', tileFilter, {
        bindings: [
          [bound.read(0), count * stride],
          [bound.write(1), across * Math.ceil(count / FILTER_SIDE)],
        ],
        // The tile is already divided by the rows that count.
        params: [u(count), u(stride), u(across), f((state) => least / state.valid)],
        constants: stride % 4 === 0 ? 'alias Word = vec4<f32>; const WIDE: u32 = 4u;' : 'alias Word = f32; const WIDE: u32 = 1u;',
        groups: grid(64 * across * Math.ceil(count / FILTER_SIDE)),
      }),
    ];
  },
};
