import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import momentum from './kernels/momentum.wgsl';
import sgd from './kernels/sgd.wgsl';

export const sgdBinders: Binders = {
  sgd: (bound) => {
    const count = bound.elements(bound.read(0));
    const rate = f((state) => state.learningRate);
    const operands = bound.op.reads.map((storage): [number, number] => [storage, count]);
    return operands.length > 2
      ? [
          kernel('momentum', momentum, {
            bindings: operands,
            params: [u(count), rate, f(bound.number('momentum'))],
            groups: grid(count),
          }),
        ]
      : [kernel('sgd', sgd, { bindings: operands, params: [u(count), rate], groups: grid(count) })];
  },
};
