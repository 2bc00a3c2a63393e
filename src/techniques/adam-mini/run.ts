import workgroup from '../../runner/kernels/workgroup.wgsl';
import { type Binders, f, kernel, u } from '../../runner/ops/bind';
import { folded } from '../adamw/run';
import adamMini from './kernels/adam_mini.wgsl';

export const adamMiniBinders: Binders = {
  adam_mini: (bound) => {
    const [count, blocks] = [bound.elements(bound.read(0)), bound.elements(bound.read(3))];
    const { rate, epsilon, betas } = folded(bound);
    return [
      kernel('adam_mini', adamMini, {
        bindings: [0, 1, 2, 3].map((operand) => [bound.read(operand), operand < 3 ? count : blocks]),
        params: [u(count / blocks), f(rate), f(epsilon), ...betas],
        groups: [blocks, 1, 1],
        constants: workgroup,
      }),
    ];
  },
};
