import { type Binders, type Bound, grid, kernel, u } from '../../runner/ops/bind';
import { FORMATS, type Format } from './formats';
import expandScales from './kernels/expand_scales.wgsl';
import expanded from './kernels/expanded.wgsl';
import expansion from './kernels/expansion.wgsl';
import float8 from './kernels/float8.wgsl';
import linear from './kernels/linear.wgsl';
import pack from './kernels/pack.wgsl';
import scales from './kernels/scales.wgsl';
import unpack from './kernels/unpack.wgsl';

/** The constants that a format's kernels are written with. */
export function formatConstants(format: Format): string {
  const { mantissa, bias, most, special } = FORMATS[format];
  return `const MANTISSA: u32 = ${mantissa}u;\nconst BIAS: i32 = ${bias};\nconst MOST: f32 = ${most}.0;\nconst SPECIAL: u32 = ${special}u;`;
}

/** Sizes, and the constants and functions before a kernel, of packing a tensor of rows and columns. */
function shapeOf(bound: Bound, tensor: number) {
  const expand = bound.flag('expand');
  const [columns, group] = [bound.number('columns'), bound.number('group')];
  const count = bound.elements(tensor);
  const across = Math.ceil(columns / group);
  const groups = (count / columns) * across;
  const format = `${formatConstants(bound.text('format') as Format)}\n${expand ? expansion : ''}`;
  return {
    count,
    groups,
    expand,
    words: Math.ceil(count / 4),
    scaleWords: expand ? groups * 3 : Math.ceil(groups / 2),
    params: [u(count / columns), u(columns), u(group), u(across)],
    format,
    constants: `${format}\n${float8}\nalias SCALE = ${expand ? 'f32' : 'u32'};\n${expand ? expanded : linear}`,
  };
}

export const float8Binders: Binders = {
  float8: (bound) => {
    const [x, codes, scale] = [bound.read(0), bound.write(0), bound.write(1)];
    const { count, groups, expand, words, scaleWords, params, format, constants } = shapeOf(bound, x);
    return [
      kernel(`float8.scales ${expand}`, expand ? expandScales : scales, {
        constants: format,
        bindings: [
          [x, count],
          [scale, scaleWords],
        ],
        params,
        groups: grid(expand ? groups : scaleWords),
      }),
      kernel('float8', pack, {
        constants,
        bindings: [
          [x, count],
          [scale, scaleWords],
          [codes, words],
        ],
        params,
        groups: grid(words),
      }),
    ];
  },
  float8_restore: (bound) => {
    const { count, words, scaleWords, params, constants } = shapeOf(bound, bound.write(0));
    return [
      kernel('float8_restore', unpack, {
        constants,
        bindings: [
          [bound.read(0), words],
          [bound.read(1), scaleWords],
          [bound.write(0), count],
        ],
        params,
        groups: grid(count),
      }),
    ];
  },
};
