/** What techniques may change in PyTorch's engine. Each rule is a function that writes its part of the tape. */

import type { DType } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { Packing, Tensor, Trace } from '../trace';
import type { Heads } from './attention';
import type { PytorchStep } from './context';

export interface PytorchRules {
  /** `sdpa` keeps q, k, v, output and log-sum-exp (flash, cuDNN, CPU flash); `eager` keeps the probabilities; `math` is SDPA's fallback. */
  attention: 'sdpa' | 'eager' | 'math';
  /** Keys and values reach the fused kernel repeated to every query head: the model's code expands them, or a mask makes it. */
  repeatKv?: boolean;
  /** An explicit mask goes into the fused kernel, which keeps a copy of it for each layer. */
  mask?: boolean;
  /** Writes forward and backward of one micro-batch, given a way to write its loss. */
  schedule(step: PytorchStep): void;
  /**
   * Writes head and loss from the normalised hidden states (held by the caller). Returns what writes their backward and
   * yields the gradient of the hidden states, or null where none is wanted.
   */
  loss(step: PytorchStep, hidden: Tensor): () => Tensor | null;
  /** Compresses a tensor that forward keeps for backward; null: kept as it is. */
  pack?(trace: Trace, tensor: Tensor): Packing | null;
  /** Writes the product of an input with a named weight in another way than `plain`, which writes it as it would be. */
  product?(step: PytorchStep, call: ProductCall, plain: () => Tensor): Tensor;
  /** Layers run again in backward: an encoder's, which no schedule writes, do the same. */
  recomputesLayers?: boolean;
  /** They do so inside a backward of their own, from leaves; their forward leaves no trace in autograd. */
  reentrant?: boolean;
  /** The loss takes logits in their own type, and labels are shifted by a copy, as models' own code does. */
  lossInOwnType?: boolean;
  /** Codes were made of this type: dequantizing makes a copy in it, and another one of that where products take another type. */
  quantizedOf?: DType;
  /** A product with a quantized weight keeps its input, although nothing reads it (bitsandbytes before 0.43.3). */
  quantizedKeepsInput?: boolean;
  /** A quantized weight is unpacked by ordinary operators, whose 16-bit result the product keeps for its input's gradient. */
  quantizedKeepsCopy?: boolean;
  /** Writes how an adapter's output joins its base's, which is a scaled sum otherwise; takes over both references. */
  join?(step: PytorchStep, name: string, base: Tensor, update: Tensor): Tensor;
  /** Writes the MLP of a layer, which `plain` writes. */
  mlp?(step: PytorchStep, input: Tensor, plain: (input: Tensor) => Tensor): Tensor;
  /** Writes what follows the output of a layer's attention or MLP; takes over the reference to it. */
  adapt?(step: PytorchStep, branch: 'attn' | 'mlp', output: Tensor): Tensor;
  /** Writes attention's core from queries, keys and values, which `plain` writes; takes over the references to them. */
  attentionCore?(step: PytorchStep, heads: Heads, plain: (heads: Heads) => Tensor): Tensor;
  /** How a layer's parts, the embedding and the head are shared with other cards. */
  sharing?: Sharing;
  /** How weights come whole to their use. */
  gathering?: Gathering;
  /** What is kept of gradients. */
  reduction?: Reduction;
  /** Nothing is differentiated: what learns does so from losses alone. */
  forwardOnly?: boolean;
  /** How long gradients stay in their parameters' type where wider sums are kept: `added` at once, where it is not said. */
  narrowGradients?: NarrowGradients;
  /** A layer's gradients are handed over in parts: an optimizer inside backward must wait for the last one. */
  gradientsInParts?: boolean;
  /** What brings the updated shares of other cards, after the optimizer's step. */
  afterStep?(step: PytorchStep): void;
  /** Temporaries of the optimizer's step over the given parameters (all of them, or one layer's). */
  optimizerStep(step: PytorchStep, parameters: readonly ParameterGroup[]): void;
}

/** Until they are added to their sums, until the backward of each micro-batch ends, or until the optimizer's step has. */
export const NARROW_GRADIENTS = ['added', 'backward', 'step'] as const;
export type NarrowGradients = (typeof NARROW_GRADIENTS)[number];

/** Cards that share products: each has a part of every matrix, and what they make is summed. */
export interface Sharing {
  /** Attention or MLP of `input`, which `run` writes for this card's part. */
  part(step: PytorchStep, input: Tensor, run: (input: Tensor) => Tensor): Tensor;
  /** The sum of what each card looked up; takes over the reference. */
  embedded(step: PytorchStep, partial: Tensor): Tensor;
  /** Head and loss of `hidden`, which the caller holds. */
  head(step: PytorchStep, hidden: Tensor, run: (hidden: Tensor) => () => Tensor | null): () => Tensor | null;
}

export type UnitName = 'embed' | 'layer' | 'head';
export interface Unit {
  name: UnitName;
  weights: readonly Weight[];
}

export interface Gathering {
  /** Brings a unit's weights for a pass over it; what it returns ends with the pass. */
  gather(step: PytorchStep, unit: Unit, pass: 'forward' | 'backward'): Tensor[];
  /** A layer's weights stay from its forward to its backward. */
  stays: boolean;
  /** Embedding, final norm and head are one unit, there from the start of forward to the end of backward. */
  root: boolean;
  /** Of layers that reenter backward: their inputs, and these inputs' gradients, stay until all of backward ends. */
  holdsInputs?: boolean;
}

export interface Reduction {
  /** A gradient is reduced as soon as it is there, or with its unit. */
  at: 'parameter' | 'unit';
  /** What is kept of finished gradients, one for each; takes over their references. */
  reduce(step: PytorchStep, finished: readonly { parameter: Tensor; gradient: Tensor }[]): Tensor[];
  /** Kept gradients lie outside the card. */
  away?: boolean;
  /** Bytes that a host has of an element there; absent: as many as the card had. */
  hostBytes?: number;
  /** They are kept whole, as they are made, until `settle`. */
  whole?: boolean;
  /** After the last micro-batch, where gradients are whole until then: the same for what was kept. */
  settle?(step: PytorchStep, gradient: Tensor, parameter: Tensor): Tensor;
}

/** One use of a weight in a matrix product: in the compute type already, or as its codes where it is stored as such. */
export interface ProductCall {
  name: string;
  input: Tensor;
  weight: Tensor;
  category: 'activations' | 'logits';
}

/** Like parameters: `count` tensors of the same shape and type. */
export interface ParameterGroup {
  name: string;
  shape: readonly number[];
  /** Elements of one. */
  elements: number;
  /** Bytes of one. */
  bytes: number;
  dtype: Tensor['dtype'];
  count: number;
  role: string;
}
