import { bytesPer } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { adamStates } from '../adamw/memory';
import { projected } from '../galore/memory';
import { adamMoved, adamTemporaries, isMatrix, type Temporary, updateOneByOne } from '../update';

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Moments of the projected gradient, the norm that limits the update's growth and, unless it is drawn again from its seed,
 * the random projection. Embeddings, head and norms keep full moments (zhuhanqing/APOLLO).
 */
export const apolloStates =
  (rank: number, keepsProjection: boolean) =>
  (weight: Weight, parameter: DType): Part[] => {
    const moments = adamStates('parameter', false);
    if (!isMatrix(weight)) return moments(weight, parameter);
    const { projector, low } = projected(weight.shape, rank);
    return [
      ...(keepsProjection ? [{ name: 'projection', shape: projector, dtype: parameter }] : []),
      ...moments({ ...weight, shape: low }, parameter),
      { name: 'norm', shape: [1], dtype: 'fp32' },
    ];
  };

/** The full gradient is scaled out of place, by ratios that the projected one yields. */
export function apolloStep(
  step: PytorchStep,
  parameters: readonly ParameterGroup[],
  rank: number,
  keepsProjection: boolean,
  label: string,
): void {
  const temporaries = (group: ParameterGroup): Temporary[] => {
    if (!isMatrix(group)) return adamTemporaries(group, group.dtype);
    const each = bytesPer(group.dtype);
    const { projector, low } = projected(group.shape, rank);
    return [
      ...(keepsProjection ? [] : [['projection', each * count(projector)] as const]),
      ['projected', each * count(low)],
      ['denominator', each * count(low)],
      ['update', each * count(low)],
      ['scaled', group.bytes],
    ];
  };
  updateOneByOne(step, parameters, {
    label,
    temporaries,
    moved: (group) => (isMatrix(group) ? 6 * group.bytes : adamMoved(group, group.dtype)),
    flops: (group) => (isMatrix(group) ? 2 * group.elements * projected(group.shape, rank).rank : 0),
  });
}
