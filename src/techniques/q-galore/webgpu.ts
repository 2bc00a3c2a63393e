import type { Weight } from '../../plan/weights';
import type { Part } from '../../tape/recipe';
import type { Tensor } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { OptimizerRule, UnpackRule } from '../../tape/webgpu/rules';
import { ADAM } from '../adamw/webgpu';
import { adamw8bitRule } from '../adamw8bit/webgpu';
import { refresh, shapes, stepInside } from '../galore/webgpu';
import { isMatrix } from '../update';
import type { Grouping } from '../weights/grouped';
import { groupedUnpack, packGroups, unpackGroups } from '../weights/webgpu';
import { GROUP, qGaloreStates } from './memory';
import { lazyTurns, SIMILARITY } from './turns';

export interface QGaloreSettings {
  rank: number;
  /** Steps between two refreshes of a subspace, at first. */
  every: number;
  scale: number;
  /** Two 4-bit codes of the projector in a byte. */
  packed: boolean;
}

export const INNER = { ...ADAM, form: 'transformers' as const };

/** Weights: 8-bit codes, rounded stochastically when they are stored again. */
export const qGaloreUnpack: UnpackRule = groupedUnpack({ bits: 8, wide: 8, group: GROUP }, true);

export const projectorGrouping = (packed: boolean): Grouping => ({ bits: 4, wide: packed ? 4 : 8, group: GROUP });

/**
 * GaLore with 8-bit moments whose projector is kept in 4-bit codes and found anew ever less often. Zhang et al.,
 * arXiv:2407.08296; as in q_galore_torch, but that a refresh is compared with the projector as it is stored, so that no vector
 * need be kept beside it.
 */
export function qGaloreRule({ rank, every, scale, packed }: QGaloreSettings): OptimizerRule {
  const inner = adamw8bitRule(GROUP, INNER);
  const states = qGaloreStates(rank, packed);
  const grouping = projectorGrouping(packed);
  return {
    states: (weight: Weight): Part[] => {
      const [codes, scales, ...moments] = states(weight, 'fp32') as [Part, Part, ...Part[]];
      if (!isMatrix(weight)) return [codes, scales, ...moments];
      return [codes, scales, { name: SIMILARITY, shape: [1], dtype: 'fp32' }, ...moments];
    },
    update: (update) => {
      const { trace, weight, parameter, gradient } = update;
      if (!isMatrix(weight)) return inner.update(update);
      const [codes, scales, similarity, ...moments] = update.states as [Tensor, Tensor, Tensor, ...Tensor[]];
      const { projector: shape, side } = shapes(weight.shape, { rank });
      const label = weight.name;
      const when = { every, lazy: label };
      const projector = unpackGroups(trace, label, [codes, scales], shape, grouping);
      const found = make(trace, 'found', shape, 'temporary');
      refresh(trace, weight, gradient, found, { rank }, when);
      trace.op({
        op: 'projector_similarity',
        label,
        reads: [found, projector],
        writes: [similarity],
        attrs: { ...when, side, vectors: shape[side === 'right' ? 0 : 1] as number },
      });
      packGroups(trace, label, found, [codes, scales], grouping, { stochastic: false, attrs: when });
      unpackGroups(trace, label, [codes, scales], shape, grouping, projector, when);
      trace.release(found);
      stepInside(trace, weight, { parameter, gradient, projector, moments }, { rank, scale }, inner);
      trace.release(projector);
    },
    turns: () => lazyTurns(every),
  };
}
