/** The parameter tensors of a model, by name and shape. Everything that counts parameters or their bytes starts here. */
import type { Model } from './types';

export interface Weight {
  /** Dotted name inside the layer or the model, e.g. `attn.q`, `mlp.down`, `embed`, `head`. */
  name: string;
  /** [rows (out features), columns (in features)], or [elements]. */
  shape: readonly number[];
  /** `linear` are the matrices of the layers that LoRA, NF4 and GaLore speak of. */
  role: 'embedding' | 'position' | 'head' | 'linear' | 'expert' | 'router' | 'norm' | 'bias' | 'adapter';
}

export interface Weights {
  /** Of one layer; there are `model.layers` of them. */
  layer: Weight[];
  /** Outside the layers, once each. A tied head is not listed. */
  outside: Weight[];
}

export const elements = (weight: Weight): number => weight.shape.reduce((product, size) => product * size, 1);

/** Parameter tensors of a model. */
export function weightsOf(model: Model): Weights {
  const { hidden, vocab, ffn } = model;
  const query = model.heads * model.headDim;
  const key = model.kvHeads * model.headDim;
  const linear = (name: string, rows: number, columns: number): Weight => ({ name, shape: [rows, columns], role: 'linear' });
  const norm = (name: string, size: number): Weight => ({ name, shape: [size], role: 'norm' });
  const layer: Weight[] = [
    norm('norm1', hidden),
    linear('attn.q', query, hidden),
    linear('attn.k', key, hidden),
    linear('attn.v', key, hidden),
    linear('attn.o', hidden, query),
    norm('norm2', hidden),
    linear('mlp.gate', ffn, hidden),
    linear('mlp.up', ffn, hidden),
    linear('mlp.down', hidden, ffn),
  ];
  const outside: Weight[] = [
    { name: 'embed', shape: [vocab, hidden], role: 'embedding' },
    norm('norm', hidden),
    ...(model.tiedEmbeddings ? [] : [{ name: 'head', shape: [vocab, hidden], role: 'head' } as const]),
  ];
  return { layer, outside };
}

/** Parameters in all. */
export function parameterCount(model: Model): number {
  const { layer, outside } = weightsOf(model);
  const count = (weights: readonly Weight[]) => weights.reduce((sum, weight) => sum + elements(weight), 0);
  return model.layers * count(layer) + count(outside);
}
