import { type Binders, type Bound, f, grid, kernel, type StepState, u } from '../../runner/ops/bind';
import adamw from './kernels/adamw.wgsl';
import direction from './kernels/direction.wgsl';

/** Bias corrections of step t (from 1) folded into a rate and an epsilon: rate · m / (√v + epsilon) is the update. */
export function folded(bound: Bound) {
  const [beta1, beta2, epsilon] = [bound.number('beta1'), bound.number('beta2'), bound.number('epsilon')];
  const torch = bound.text('form') === 'torch';
  const root = (state: StepState) => Math.sqrt(1 - beta2 ** (state.index + 1));
  return {
    rate: (state: StepState) => (state.learningRate * root(state)) / (1 - beta1 ** (state.index + 1)),
    epsilon: torch ? (state: StepState) => epsilon * root(state) : epsilon,
    keep: (state: StepState) => 1 - state.learningRate * bound.number('decay'),
    torch,
    betas: [f(beta1), f(beta2), f(1 - beta1), f(1 - beta2)],
  };
}

export const adamwBinders: Binders = {
  adamw: (bound) => {
    const count = bound.elements(bound.read(0));
    const { rate, epsilon, keep, torch, betas } = folded(bound);
    return [
      kernel('adamw', adamw, {
        bindings: [0, 1, 2, 3].map((operand) => [bound.read(operand), count]),
        params: [u(count), u(torch ? 1 : 0), f(rate), f(epsilon), ...betas, f(keep)],
        groups: grid(count),
      }),
    ];
  },
  adamw_direction: (bound) => {
    const count = bound.elements(bound.read(0));
    const { rate, epsilon, betas } = folded(bound);
    const scale = bound.number('scale');
    return [
      kernel('adamw_direction', direction, {
        bindings: [0, 1, 2].map((operand) => [bound.read(operand), count]),
        params: [u(count), f((state) => rate(state) * scale), f(epsilon), ...betas],
        groups: grid(count),
      }),
    ];
  },
};
