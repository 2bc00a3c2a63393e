import { type Binders, type Bound, grid, kernel, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import { hashText } from '../../runner/random';
import map from '../adamw8bit/kernels/dynamic_map.wgsl';
import groupPack from './kernels/group_pack.wgsl';
import groupUnpack from './kernels/group_unpack.wgsl';
import nf4 from './kernels/nf4.wgsl';
import { DOUBLE_BLOCK, NF4_BLOCK } from './nf4';

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
  group_pack: (bound) => {
    const count = bound.elements(bound.read(0));
    const group = bound.number('group');
    const stochastic = bound.flag('stochastic');
    return [
      kernel('group_pack', groupPack, {
        constants: `${groupConstants(bound)}\nconst STOCHASTIC: bool = ${stochastic};`,
        bindings: [
          [bound.read(0), count],
          [bound.write(0), Math.ceil((count * bound.number('wide')) / 32)],
          [bound.write(1), Math.ceil(count / group)],
        ],
        params: [u(count), u(group), u(stream(bound.op.layer ?? 0, hashText(`${bound.op.node.label} rounding`)))],
        groups: grid(Math.ceil(count / group)),
      }),
    ];
  },
  group_unpack: (bound) => {
    const count = bound.elements(bound.write(0));
    const group = bound.number('group');
    return [
      kernel('group_unpack', groupUnpack, {
        constants: groupConstants(bound),
        bindings: [
          [bound.read(0), Math.ceil((count * bound.number('wide')) / 32)],
          [bound.read(1), Math.ceil(count / group)],
          [bound.write(0), count],
        ],
        params: [u(count), u(group)],
        groups: grid(count),
      }),
    ];
  },
};

const groupConstants = (bound: Bound): string =>
  `const BITS: u32 = ${bound.number('bits')}u;\nconst WIDE: u32 = ${bound.number('wide')}u;`;
