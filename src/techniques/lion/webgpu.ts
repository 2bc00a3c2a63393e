import type { OptimizerRule } from '../../tape/webgpu/rules';

export interface LionSettings {
  beta1: number;
  beta2: number;
  /** Decoupled weight decay. */
  decay: number;
}
export const LION: LionSettings = { beta1: 0.9, beta2: 0.99, decay: 0 };

/** Chen et al., arXiv:2302.06675. */
export const lionRule = (settings: LionSettings): OptimizerRule => ({
  states: (weight) => [{ name: 'exp_avg', shape: weight.shape, dtype: 'fp32' }],
  update: ({ trace, weight, parameter, gradient, states }) => {
    trace.op({
      op: 'lion',
      label: weight.name,
      reads: [gradient, parameter, ...states],
      writes: [parameter, ...states],
      attrs: { ...settings },
    });
  },
});
