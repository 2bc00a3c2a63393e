import type { Weight } from '../../plan/weights';
import type { Tensor, Trace } from '../../tape/trace';
import { make, matmul, plainRows } from '../../tape/webgpu/ops';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { ADAM, adamAttrs, adamwRule, moments } from '../adamw/webgpu';
import { projected } from '../galore/memory';
import { isMatrix } from '../update';

export interface ApolloSettings {
  rank: number;
  /** Steps between two draws of the projection. */
  every: number;
  /** The update is scaled by its square root. */
  scale: number;
  /** One factor for each channel of the longer side, or one for the whole matrix. */
  factors: 'channel' | 'tensor';
  /** The projection is kept between its draws; else it is drawn again in every step. */
  kept: boolean;
}

/** Adam as the released optimizer has it. */
export const APOLLO_ADAM = { ...ADAM, form: 'transformers' as const, epsilon: 1e-6 };

/**
 * The gradient, scaled by what Adam does to a small random projection of it, its growth limited to 1 % a step. Zhu et al.,
 * arXiv:2412.05270; order and forms as in apollo_torch.
 */
export function apolloRule(settings: ApolloSettings): OptimizerRule {
  const plain = adamwRule(APOLLO_ADAM);
  return {
    states: (weight) => {
      if (!isMatrix(weight)) return plain.states(weight);
      const { projector, low } = projected(weight.shape, settings.rank);
      return [
        ...(settings.kept ? [{ name: 'projection', shape: projector, dtype: 'fp32' as const }] : []),
        ...moments(low),
        { name: 'norm', shape: [1], dtype: 'fp32' },
      ];
    },
    update: (update) => {
      const { trace, weight, parameter, gradient, states } = update;
      if (!isMatrix(weight)) return plain.update(update);
      const projection = settings.kept ? (states[0] as Tensor) : drawn(trace, weight, settings);
      if (settings.kept) draw(trace, weight, projection, settings);
      const [mean, square, norm] = states.slice(-3) as [Tensor, Tensor, Tensor];
      const { low, side, rank } = projected(weight.shape, settings.rank);
      const [m, n] = weight.shape as [number, number];
      const label = weight.name;
      const right = side === 'right';
      const r = make(trace, 'projected', low, 'temporary');
      if (right) matmul(trace, { form: 'nt', rows: plainRows(m), a: gradient, b: projection, out: r, n: rank, k: n, label });
      else matmul(trace, { form: 'tn', rows: plainRows(m), a: projection, b: gradient, out: r, n, k: rank, label });
      if (!settings.kept) trace.release(projection);
      const attrs = { ...adamAttrs(APOLLO_ADAM), rank, long: Math.max(m, n), small: Math.min(m, n), right };
      // Sums of squares of each channel: Adam's direction, the projected gradient, the gradient; then its factor.
      const channels = make(trace, 'channels', [Math.max(m, n), 3], 'temporary');
      trace.op({
        op: 'apollo_channels',
        label,
        reads: [gradient, r, mean, square],
        writes: [mean, square, channels],
        attrs,
      });
      trace.release(r);
      trace.op({
        op: 'apollo_limit',
        label,
        reads: [channels, norm],
        writes: [channels, norm],
        attrs: { tensor: settings.factors === 'tensor', scale: settings.scale },
      });
      trace.op({ op: 'apollo_apply', label, reads: [gradient, parameter, channels], writes: [parameter], attrs });
      trace.release(channels);
    },
  };
}

function draw(trace: Trace, weight: Weight, projection: Tensor, { every, rank, kept }: ApolloSettings): void {
  const deviation = 1 / Math.sqrt(Math.min(rank, ...weight.shape));
  const attrs = { period: every, deviation, ...(kept ? { every } : {}) };
  trace.op({ op: 'apollo_project', label: weight.name, writes: [projection], attrs });
}

function drawn(trace: Trace, weight: Weight, settings: ApolloSettings): Tensor {
  const projection = make(trace, 'projection', projected(weight.shape, settings.rank).projector, 'temporary');
  draw(trace, weight, projection, settings);
  return projection;
}
