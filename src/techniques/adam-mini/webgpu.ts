import type { Model } from '../../plan/types';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { ADAM, adamAttrs } from '../adamw/webgpu';
import { adamMiniStates } from './memory';

/** Adam with one second moment a block, an equal stretch of the weight. Zhang et al., arXiv:2406.16793. */
export const adamMiniRule = (model: Model): OptimizerRule => ({
  states: adamMiniStates(model, 'fp32'),
  update: ({ trace, weight, parameter, gradient, states }) => {
    trace.op({
      op: 'adam_mini',
      label: weight.name,
      reads: [gradient, parameter, ...states],
      writes: [parameter, ...states],
      attrs: adamAttrs(ADAM),
    });
  },
});
