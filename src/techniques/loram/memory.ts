import type { Model } from '../../plan/types';

/** A model with a share of its heads (whole groups of them) and of its MLP channels gone; at least one of each stays. */
export function prunedModel(model: Model, pruned: number): Model {
  const left = (count: number): number => (count === 0 ? 0 : Math.max(1, Math.round(count * (1 - pruned))));
  const kvHeads = left(model.kvHeads);
  return {
    ...model,
    kvHeads,
    heads: kvHeads * (model.heads / model.kvHeads),
    ffn: left(model.ffn),
    sharedFfn: left(model.sharedFfn),
  };
}
