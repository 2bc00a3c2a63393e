import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { Recipe } from '../recipe';
import type { GradNode, Tensor, Trace } from '../trace';
import type { Encoder } from './encoder';
import type { LayerWriter } from './layer-spans';

/** Which generation of `transformers` wrote the loss: where logits are up-cast and how labels are shifted. */
export type LossEra = 'output-float' | 'loss-float-shift' | 'padded-labels';

/** What Triton's kernels take the place of (Liger, flash-attn, TransformerEngine). */
export const FUSED = ['norm', 'rotary', 'mlp'] as const;
export type Fused = (typeof FUSED)[number];

export interface PytorchOptions {
  lossEra: LossEra;
  /** The model's output object, and with it the logits, is held by the caller during backward. */
  holdOutput: boolean;
  /** The loop holds a loss, and with it the graph, until the next loss is there. */
  holdGraph: boolean;
  /** Who called the model got its 16-bit logits as a float32 copy (accelerate's convert_outputs_to_fp32). */
  raiseOutput: boolean;
  /** Whose kernels: they differ in temporaries and in the size of dropout masks. */
  kernels: 'cuda' | 'cpu';
  /** Weights' bf16 copies made by autocast are cached until it ends (torch.autocast's default). */
  castCache: boolean;
  /** SDPA's fallback computes in float32 for 16-bit inputs (PyTorch from 2.5 on). */
  mathRaises: boolean;
  /** Softmax and log-softmax keep their input beside their output, which they need only for its type (PyTorch before 1.11). */
  softmaxKeepsInput: boolean;
  /** Layers run through torch.compile: pointwise chains are fused, and made again in backward rather than kept. */
  compile: boolean;
  /** So does the loss. */
  compileLoss: boolean;
  /** Parts of a layer that have kernels of their own in the place of written-out operators. */
  fused: readonly Fused[];
  /** Tokens come before rows in memory: attention's output is copied back to that order. */
  sequenceFirst: boolean;
}

/** Tokens that an op works on: `batch` rows of `tokens`. */
export interface Rows {
  batch: number;
  tokens: number;
}

/** What the parts of PyTorch's lowering share while a step is written. */
export interface PytorchStep {
  trace: Trace;
  recipe: Recipe;
  options: PytorchOptions;
  rows: Rows;
  /** Parameter tensors by dotted name; a layer's are one tensor with an instance for each layer. */
  parameter(name: string): Tensor;
  weight(name: string): Weight;
  has(name: string): boolean;
  /** The transformer's parts; `layer` records what its backward needs. */
  embed(): Tensor;
  layer(input: Tensor, rows?: Rows): Tensor;
  /** Runs parts of a layer with its weights there, for a schedule that writes them itself. */
  inLayer<R>(run: () => R): R;
  /** What a schedule writes of layers goes through here: it is the same whatever stands before and behind them. */
  layers: LayerWriter;
  /** Stretches of like layers, in order; their tapes differ only in count. */
  stretches: readonly Stretch[];
  /** The encoder of the pass being written, where the model has one. */
  encoder: Encoder | null;
  /** Ends with the backward of the micro-batch rather than with the op that reads it last. */
  holdUntilBackwardEnds(...tensors: Tensor[]): void;
  /** An input that a custom function keeps by itself, outside of autograd's saved tensors: it ends with the graph. */
  keepInGraph(input: Tensor): void;
  /** Ends what is held so: at the end of a micro-batch, or of one of several passes of it. */
  endPass(): void;
  /** Runs head and loss forward, taking over `hidden`, and returns how to run their backward: the gradient of `hidden`. */
  head(hidden: Tensor): () => Tensor | null;
  /** Called by a schedule when a stretch's layer has been differentiated. */
  afterLayerBackward(): void;
  /** Tells which layers are being written: of a stretch, the `offset`-th of its iteration. */
  enter(stretch: Stretch | null, offset?: number): void;
  /** Autocast ends: what it cached is let go, in every layer or, inside a recomputed stretch, in this one. */
  endAutocast(where: 'everywhere' | 'here'): void;
  /** Makes every trained parameter's gradient out of nothing, for an optimizer's step by itself. */
  allGradients(): void;
  /** Autocast's cache of weight copies, for the layers being written. */
  cachedCast(name: string): Tensor | undefined;
  cacheCast(name: string, copy: Tensor): void;
  backward(nodes: readonly GradNode[], output: Tensor, seed: Tensor, wanted?: readonly Tensor[]): (Tensor | null)[];
}

export interface Stretch {
  from: number;
  count: number;
  /** Layers of one iteration. */
  stride: number;
  /** Each of these is differentiated before another one runs again. */
  oneByOne?: boolean;
}

export const tokensOf = (rows: Rows): number => rows.batch * rows.tokens;

/** Type of the residual stream: autocast leaves it in the parameters' type. */
export const streamType = (recipe: Recipe): DType => (recipe.autocast ? recipe.parameters : recipe.compute);
