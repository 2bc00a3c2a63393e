/** The parameter tensors of a model, by name and shape. Everything that counts parameters or their bytes starts here. */
import { FAMILIES, gatedMlp } from './families';
import { remembered } from './remembered';
import type { Model } from './types';

export interface Weight {
  /** Dotted name inside the layer or the model, e.g. `attn.q`, `mlp.down`, `embed`, `head`. */
  name: string;
  /** [rows (out features), columns (in features)], or [elements]; experts are stacked: [experts, rows, columns]. */
  shape: readonly number[];
  /** `linear` are the matrices of the layers that LoRA, NF4 and GaLore speak of. */
  role: 'embedding' | 'position' | 'head' | 'linear' | 'expert' | 'router' | 'norm' | 'bias' | 'adapter';
}

export interface Weights {
  /** Of one layer; there are `model.layers` of them. */
  layer: readonly Weight[];
  /** Of one encoder layer, `model.encoderLayers` of them; empty but for encoder-decoders. */
  encoder: readonly Weight[];
  /** Outside the layers, once each. A tied head is not listed. */
  outside: readonly Weight[];
}

export const elements = (weight: Weight): number => weight.shape.reduce((product, size) => product * size, 1);

const bias = (of: string, size: number): Weight => ({ name: `${of}.bias`, shape: [size], role: 'bias' });
const linear = (name: string, rows: number, columns: number): Weight => ({ name, shape: [rows, columns], role: 'linear' });

/** A matrix, and its bias where it has one. */
const projection = (name: string, rows: number, columns: number, biased: boolean): Weight[] => [
  linear(name, rows, columns),
  ...(biased ? [bias(name, rows)] : []),
];

/** A norm's weight, and its bias where it is a LayerNorm. */
function norm(model: Model, name: string, size = model.hidden): Weight[] {
  const weight: Weight = { name, shape: [size], role: 'norm' };
  return FAMILIES[model.family].norm === 'layer' ? [weight, bias(name, size)] : [weight];
}

/** q, k, v and o, fused where the family fuses them, with the biases and head norms that it has. */
function attention(model: Model, name = 'attn'): Weight[] {
  const { hidden, heads, kvHeads, headDim, family, attentionBias } = model;
  const traits = FAMILIES[family];
  const query = heads * headDim;
  const key = kvHeads * headDim;
  const all = traits.bias === 'all';
  const biased = all || attentionBias;
  const inputs =
    (model.fusedQkv ?? traits.fused)
      ? projection(`${name}.qkv`, query + 2 * key, hidden, biased)
      : [
          ...projection(`${name}.q`, query, hidden, biased),
          ...projection(`${name}.k`, key, hidden, biased),
          ...projection(`${name}.v`, key, hidden, biased),
        ];
  const headNorms = traits.headNorms
    ? [...norm(model, `${name}.q.norm`, headDim), ...norm(model, `${name}.k.norm`, headDim)]
    : [];
  // `attention_bias` puts one on the output too, except that Qwen2 has it on q, k and v alone.
  return [...inputs, ...headNorms, ...projection(`${name}.o`, hidden, query, all || (attentionBias && family !== 'qwen2'))];
}

/** The MLP, or the router with its experts and the shared expert. */
function mlp(model: Model): Weight[] {
  const { hidden, ffn, experts, sharedFfn, family } = model;
  const traits = FAMILIES[family];
  const gated = gatedMlp(model);
  const biased = traits.bias === 'all';
  if (experts > 0) {
    const expert = (name: string, rows: number, columns: number): Weight => ({
      name,
      shape: [experts, rows, columns],
      role: 'expert',
    });
    const shared =
      sharedFfn > 0
        ? [
            linear('shared.gate', sharedFfn, hidden),
            linear('shared.up', sharedFfn, hidden),
            linear('shared.down', hidden, sharedFfn),
            { name: 'shared.router', shape: [1, hidden], role: 'router' } as const,
          ]
        : [];
    return [
      { name: 'router', shape: [model.routedExperts ?? experts, hidden], role: 'router' },
      expert('experts.gate', ffn, hidden),
      expert('experts.up', ffn, hidden),
      expert('experts.down', hidden, ffn),
      ...shared,
    ];
  }
  if (gated && traits.fused) return [linear('mlp.gate-up', 2 * ffn, hidden), linear('mlp.down', hidden, ffn)];
  return [
    ...(gated ? projection('mlp.gate', ffn, hidden, biased) : []),
    ...projection('mlp.up', ffn, hidden, biased),
    ...projection('mlp.down', hidden, ffn, biased),
  ];
}

function layerWeights(model: Model): Weight[] {
  const { postNorms } = FAMILIES[model.family];
  // Falcon runs attention and MLP side by side: the small models on one norm, those with grouped keys on one each.
  const oneNorm = model.family === 'falcon' && model.kvHeads === 1;
  return [
    ...norm(model, 'norm1'),
    ...attention(model),
    ...(postNorms ? norm(model, 'attn.norm') : []),
    ...(model.family === 't5' ? [...norm(model, 'cross.norm'), ...attention(model, 'cross')] : []),
    ...(oneNorm ? [] : norm(model, 'norm2')),
    ...mlp(model),
    ...(postNorms ? norm(model, 'mlp.norm') : []),
  ];
}

/** The head, as training uses it: next-token logits, a masked-LM head or a sequence classifier (bert, roberta), or an image classifier (vit). */
function headWeights(model: Model): Weight[] {
  const { hidden, vocab, family, tiedEmbeddings } = model;
  const head: Weight = { name: 'head', shape: [vocab, hidden], role: 'head' };
  switch (family) {
    case 'bert':
    case 'roberta': {
      const dense: Weight[] = [{ name: 'head.dense', shape: [hidden, hidden], role: 'head' }, bias('head.dense', hidden)];
      if (model.classes) return [...dense, { ...head, shape: [model.classes, hidden] }, bias('head', model.classes)];
      return [...dense, ...norm(model, 'head.norm'), ...(tiedEmbeddings ? [] : [head]), bias('head', vocab)];
    }
    case 'vit':
      return [head, bias('head', vocab)];
    default:
      return tiedEmbeddings ? [] : [head];
  }
}

/** Buckets of T5's relative positions; one table for the encoder and one for the decoder, in their first layers. */
const T5_BUCKETS = 32;

/** Embeddings, final norm, head. */
function outsideWeights(model: Model): Weight[] {
  const { hidden, vocab, family, positions } = model;
  const embed: Weight = { name: 'embed', shape: [vocab, hidden], role: 'embedding' };
  const position: Weight = { name: 'position', shape: [positions, hidden], role: 'position' };
  const learned = FAMILIES[family].position === 'learned' ? [position] : [];
  switch (family) {
    case 'bert':
    case 'roberta': {
      const types: Weight = { name: 'embed.type', shape: [family === 'bert' ? 2 : 1, hidden], role: 'embedding' };
      // Post-norm layers end in a norm of their own: there is no final one.
      return [embed, ...learned, types, ...norm(model, 'embed.norm'), ...headWeights(model)];
    }
    case 'vit': {
      const side = model.patch ?? 16;
      const patches: Weight[] = [
        { name: 'embed', shape: [hidden, 3 * side * side], role: 'embedding' },
        bias('embed', hidden),
        { name: 'embed.class', shape: [hidden], role: 'embedding' },
      ];
      return [...patches, ...learned, ...norm(model, 'norm'), ...headWeights(model)];
    }
    case 't5': {
      const table = (name: string): Weight => ({ name, shape: [T5_BUCKETS, model.heads], role: 'position' });
      const encoder = model.encoderLayers > 0 ? [table('encoder.position'), ...norm(model, 'encoder.norm')] : [];
      return [embed, ...encoder, table('position'), ...norm(model, 'norm'), ...headWeights(model)];
    }
    case 'bloom':
      return [embed, ...norm(model, 'embed.norm'), ...norm(model, 'norm'), ...headWeights(model)];
    default:
      return [embed, ...learned, ...norm(model, 'norm'), ...headWeights(model)];
  }
}

/** Parameter tensors of a model. */
export const weightsOf = remembered((model: Model): Weights => {
  const encoder =
    model.encoderLayers > 0 ? [...norm(model, 'norm1'), ...attention(model), ...norm(model, 'norm2'), ...mlp(model)] : [];
  return { layer: layerWeights(model), encoder, outside: outsideWeights(model) };
});

/** Parameters in all. */
export function parameterCount(model: Model): number {
  const { layer, encoder, outside } = weightsOf(model);
  const count = (weights: readonly Weight[]) => weights.reduce((sum, weight) => sum + elements(weight), 0);
  return model.layers * count(layer) + model.encoderLayers * count(encoder) + count(outside);
}
