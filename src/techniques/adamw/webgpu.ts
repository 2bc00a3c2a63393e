import type { Weight } from '../../plan/weights';
import type { Part } from '../../tape/recipe';
import type { Tensor, Trace } from '../../tape/trace';
import type { OptimizerRule } from '../../tape/webgpu/rules';

export interface AdamSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled weight decay. */
  decay: number;
  /**
   * `torch`: epsilon is added to the corrected root, and the decay comes first. `transformers`: epsilon is added to the
   * uncorrected root, and the decay comes last; the form of the GaLore authors' optimizer.
   */
  form: 'torch' | 'transformers';
}

export const ADAM: AdamSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0, form: 'torch' };

export const adamAttrs = (settings: AdamSettings) => ({ ...settings });

/** An optimizer that can also turn a projected gradient into its update: GaLore's inner. */
export interface InnerRule extends OptimizerRule {
  /** `gradient` becomes what is to be added to the parameter, times `scale`. */
  direction(trace: Trace, gradient: Tensor, states: readonly Tensor[], scale: number, label: string): void;
}

/** Both moments of a tensor in float32. */
export const moments = (shape: readonly number[]): Part[] => [
  { name: 'exp_avg', shape, dtype: 'fp32' },
  { name: 'exp_avg_sq', shape, dtype: 'fp32' },
];

export function adamwRule(settings: AdamSettings): InnerRule {
  return {
    states: (weight: Weight) => moments(weight.shape),
    update: ({ trace, weight, parameter, gradient, states }) => {
      const [mean, square] = states as [Tensor, Tensor];
      trace.op({
        op: 'adamw',
        label: weight.name,
        reads: [gradient, parameter, mean, square],
        writes: [parameter, mean, square],
        attrs: adamAttrs(settings),
      });
    },
    direction: (trace, gradient, states, scale, label) => {
      const [mean, square] = states as [Tensor, Tensor];
      trace.op({
        op: 'adamw_direction',
        label,
        reads: [gradient, mean, square],
        writes: [gradient, mean, square],
        attrs: { ...adamAttrs(settings), scale },
      });
    },
  };
}
