import { bytesPer } from '../../plan/dtypes';
import type { DType, Model } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { PytorchStep } from '../../tape/pytorch/context';
import type { ParameterGroup } from '../../tape/pytorch/rules';
import type { Part } from '../../tape/recipe';
import { updateOneByOne } from '../update';

/**
 * Blocks that share a second moment: heads of q and k; rows of v, o, the MLP, the embedding and the head; a norm's weight
 * as a whole; each element of a bias (zyushun/Adam-mini). A matrix of q, k and v is taken apart first.
 */
export function blocksOf(model: Model, { name, shape, role }: Weight): number {
  if (role === 'bias') return shape[0] ?? 1;
  if (role === 'norm') return 1;
  if (name === 'attn.q') return model.heads;
  if (name === 'attn.k') return model.kvHeads;
  if (name === 'attn.qkv') return model.heads + model.kvHeads + model.kvHeads * model.headDim;
  return shape.slice(0, -1).reduce((product, size) => product * size, 1);
}

export const adamMiniStates =
  (model: Model, dtype: DType) =>
  (weight: Weight): Part[] => [
    { name: 'momentum', shape: weight.shape, dtype },
    { name: 'block.square', shape: [blocksOf(model, weight)], dtype },
  ];

/** The squares that a block's mean is taken of; afterwards the scaled momentum takes their place. */
export function adamMiniStep(step: PytorchStep, parameters: readonly ParameterGroup[], states: DType): void {
  updateOneByOne(step, parameters, {
    label: 'adam-mini',
    temporaries: (group) => [['square', group.elements * bytesPer(states)]],
    moved: (group) => 3 * group.bytes + 2 * group.elements * bytesPer(states),
  });
}
