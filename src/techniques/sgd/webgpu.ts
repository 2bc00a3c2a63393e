import type { OptimizerRule } from '../../tape/webgpu/rules';

/** w −= rate · v with v = momentum · v + g; no state without momentum. */
export const sgdRule = (momentum: number): OptimizerRule => ({
  states: (weight) => (momentum > 0 ? [{ name: 'momentum', shape: weight.shape, dtype: 'fp32' }] : []),
  update: ({ trace, weight, parameter, gradient, states }) => {
    trace.op({
      op: 'sgd',
      label: weight.name,
      reads: [gradient, parameter, ...states],
      writes: [parameter, ...states],
      attrs: { momentum },
    });
  },
});
