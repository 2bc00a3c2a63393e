import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import lion from './kernels/lion.wgsl';

export const lionBinders: Binders = {
  lion: (bound) => {
    const count = bound.elements(bound.read(0));
    const [beta1, beta2, decay] = [bound.number('beta1'), bound.number('beta2'), bound.number('decay')];
    return [
      kernel('lion', lion, {
        bindings: [0, 1, 2].map((operand) => [bound.read(operand), count]),
        params: [
          u(count),
          f((state) => state.learningRate),
          f(beta1),
          f(beta2),
          f(1 - beta1),
          f(1 - beta2),
          f((state) => 1 - state.learningRate * decay),
        ],
        groups: grid(count),
      }),
    ];
  },
};
