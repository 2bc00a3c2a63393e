import { type Binders, grid, kernel, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import pack from './kernels/pack.wgsl';
import scales from './kernels/scales.wgsl';
import unpack from './kernels/unpack.wgsl';

/** Set apart from the streams of dropout. */
const ROUNDING_SITES = 9001;

export const integerBinders: Binders = {
  quantize: (bound) => {
    const [bits, group] = [bound.number('bits'), bound.number('group')];
    const count = bound.elements(bound.read(0));
    const groups = Math.ceil(count / group);
    const coded = Math.ceil((count * bits) / 32);
    return [
      kernel('quantize.scales', scales, {
        constants: `const BITS: u32 = ${bits}u;`,
        bindings: [
          [bound.read(0), count],
          [bound.write(1), groups],
        ],
        params: [u(count), u(group)],
        groups: grid(groups),
      }),
      kernel('quantize', pack, {
        constants: `const BITS: u32 = ${bits}u;\nconst STOCHASTIC: bool = ${bound.text('rounding') === 'stochastic'};`,
        bindings: [
          [bound.read(0), count],
          [bound.write(1), groups],
          [bound.write(0), coded],
        ],
        params: [u(count), u(group), u(stream(bound.op.layer ?? 0, ROUNDING_SITES + bound.number('site')))],
        groups: grid(coded),
      }),
    ];
  },
  dequantize: (bound) => {
    const [bits, group] = [bound.number('bits'), bound.number('group')];
    const count = bound.elements(bound.write(0));
    return [
      kernel('dequantize', unpack, {
        constants: `const BITS: u32 = ${bits}u;`,
        bindings: [
          [bound.read(0), Math.ceil((count * bits) / 32)],
          [bound.read(1), Math.ceil(count / group)],
          [bound.write(0), count],
        ],
        params: [u(count), u(group)],
        groups: grid(count),
      }),
    ];
  },
};
