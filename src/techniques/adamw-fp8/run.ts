import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import { folded } from '../adamw/run';
import expansion from '../fp8/kernels/expansion.wgsl';
import float8 from '../fp8/kernels/float8.wgsl';
import { formatConstants } from '../fp8/run';
import source from './kernels/adamw_fp8.wgsl';

export const adamwFp8Binders: Binders = {
  adamw_fp8: (bound) => {
    const count = bound.elements(bound.read(0));
    const [group, expand] = [bound.number('group'), bound.flag('expand')];
    const groups = Math.ceil(count / group);
    const [words, numbers] = [Math.ceil(count / 4), groups * (expand ? 3 : 1)];
    const { rate, epsilon, keep, betas } = folded(bound);
    return [
      kernel(`adamw_fp8 ${expand}`, source, {
        constants: `${formatConstants('e4m3')}\nconst EXPAND: bool = ${expand};\n${float8}\n${expansion}`,
        bindings: [count, words, numbers, words, numbers, count].map((size, at) => [bound.read(at), size]),
        params: [u(count), u(group), f(rate), f(epsilon), ...betas, f(keep)],
        groups: grid(groups),
      }),
    ];
  },
};
