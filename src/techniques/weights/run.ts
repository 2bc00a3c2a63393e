import { type Binders, grid, kernel, u } from '../../runner/ops/bind';
import map from '../adamw8bit/kernels/dynamic_map.wgsl';
import nf4 from './kernels/nf4.wgsl';
import { DOUBLE_BLOCK, encodeNf4, NF4_BLOCK } from './nf4';

const PLAIN = `@group(0) @binding(2) var<storage, read_write> maxima: array<f32>;
fn absmax(block: u32) -> f32 { return maxima[block]; }`;
const DOUBLE = `@group(0) @binding(2) var<storage, read_write> maxima: array<u32>;
@group(0) @binding(3) var<storage, read_write> outer: array<f32>;
@group(0) @binding(4) var<storage, read_write> offset: array<f32>;
fn absmax(block: u32) -> f32 {
  let code = (maxima[block / 4u] >> (8u * (block % 4u))) & 255u;
  return signed_value(code) * outer[block / ${DOUBLE_BLOCK}u] + offset[0];
}`;

export const weightBinders: Binders = {
  nf4_unpack: (bound) => {
    const count = bound.elements(bound.write(0));
    const blocks = Math.ceil(count / NF4_BLOCK);
    const double = bound.op.reads.length > 2;
    return [
      kernel(double ? 'nf4 double' : 'nf4', `${double ? `${map}\n${DOUBLE}` : PLAIN}\n${nf4}`, {
        bindings: [
          [bound.read(0), Math.ceil(count / 8)],
          [bound.write(0), count],
          ...((double
            ? [
                [bound.read(1), Math.ceil(blocks / 4)],
                [bound.read(2), Math.ceil(blocks / DOUBLE_BLOCK)],
                [bound.read(3), 1],
              ]
            : [[bound.read(1), blocks]]) as [number, number][]),
        ],
        params: [u(count)],
        groups: grid(count),
      }),
    ];
  },
};

/** What the host writes into the stored parts of a frozen matrix, by the parts' names. */
export function nf4Parts(values: Float32Array, double: boolean): { [part: string]: ArrayBufferView<ArrayBuffer> } {
  const stored = encodeNf4(values, double);
  if (!stored.double) return { codes: stored.codes, absmax: stored.absmax };
  return {
    codes: stored.codes,
    'absmax.codes': stored.double.codes,
    'absmax.absmax': stored.double.absmax,
    'absmax.offset': Float32Array.of(stored.double.offset),
  };
}
