import { type Binders, type Bound, grid, kernel, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import { hashText } from '../../runner/random';
import map from '../adamw8bit/kernels/dynamic_map.wgsl';
import groupPack from './kernels/group_pack.wgsl';
import groupUnpack from './kernels/group_unpack.wgsl';
import halves from './kernels/halves.wgsl';
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
  halves_pack: (bound) => convertHalves(bound, bound.write(0), bound.read(0)),
  halves_unpack: (bound) => convertHalves(bound, bound.read(0), bound.write(0)),
};

const groupConstants = (bound: Bound): string =>
  `const BITS: u32 = ${bound.number('bits')}u;\nconst WIDE: u32 = ${bound.number('wide')}u;`;

/** Both ways of a 16-bit float; bfloat16 is the upper half of a float32, rounded to nearest, ties to even. */
const HALVES: { [half: string]: string } = {
  fp16: `fn pack(x: vec2<f32>) -> u32 { return pack2x16float(x); }
fn unpack(word: u32) -> vec2<f32> { return unpack2x16float(word); }`,
  bf16: `fn upper(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}
fn pack(x: vec2<f32>) -> u32 { return upper(x.x) | (upper(x.y) << 16u); }
fn unpack(word: u32) -> vec2<f32> { return vec2(bitcast<f32>(word << 16u), bitcast<f32>(word & 0xffff0000u)); }`,
};

function convertHalves(bound: Bound, stored: number, whole: number) {
  const count = bound.elements(whole);
  const words = Math.ceil(count / 2);
  const packs = whole === bound.read(0);
  return [
    kernel('halves', halves, {
      constants: `${HALVES[bound.text('half')]}\nconst PACKS: bool = ${packs};`,
      bindings: [
        [stored, words],
        [whole, count],
      ],
      params: [u(count)],
      groups: grid(words),
    }),
  ];
}
