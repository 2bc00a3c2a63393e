/**
 * What a step is made of before it is written out as a tape. A plan starts from the plain recipe, each technique
 * rewrites it (`techniques/NAME/memory.ts`), and an engine profile lowers the result to a tape.
 */
import type { DType, Model } from '../plan/types';
import type { Weight } from '../plan/weights';
import type { Category } from '../planner/types';
import type { Cards } from './cards';
import type { PytorchRules } from './pytorch/rules';
import type { Place } from './types';
import type { WebgpuRules } from './webgpu/rules';

/** One tensor that a weight or a state is stored as. */
export interface Part {
  name: string;
  shape: readonly number[];
  dtype: DType;
  /** Where it lies if not on the card. */
  place?: Place;
}

/** Memory beside weights, gradients and states: from step to step, in every pass over a micro-batch, or in its backward. */
export interface Buffer extends Part {
  lives: 'always' | 'pass' | 'backward';
  category: Category;
  /** Equal blocks that it is made of. */
  pieces: number;
}

export interface Adapters {
  kind: 'lora' | 'dora';
  rank: number;
  /** Names of the layer's weights that carry one: `attn.q`, …, `mlp.down`. */
  targets: readonly string[];
  dropout: number;
  alpha: number;
  dtype: DType;
  /** Rows of a target that its adapter writes, where they are not all: the rest is padded with zeros. */
  rows: { readonly [target: string]: number };
}

/** Layers `from` … `from + count - 1`. */
export interface ActiveLayers {
  from: number;
  count: number;
  /** Layers that learnt before keep their optimizer states. */
  statesStay: boolean;
}

export interface Added {
  layer: readonly Weight[];
  outside: readonly Weight[];
  shared: readonly Weight[];
}

export interface Recipe {
  model: Model;
  batch: number;
  sequence: number;
  accumulate: number;
  /** Type of the matrix products' inputs. */
  compute: DType;
  /** Operators run under torch.autocast: weights are kept in `parameters` and cast to `compute` at use, where these differ. */
  autocast: boolean;
  /** Type of parameters, where `stored` does not say otherwise. */
  parameters: DType;
  /** Type of gradients; null follows the parameter. */
  gradients: DType | null;
  /** The tensors that keep one weight, e.g. codes and scales. */
  stored(weight: Weight): Part[];
  trains(weight: Weight): boolean;
  adapters: Adapters | null;
  /** Parameters beside the model's own: those of each layer, those outside, and those that every layer uses. */
  added(model: Model): Added;
  /** The layers whose parameters learn in this step, where not all of them do. */
  active: ActiveLayers | null;
  /** State tensors that the optimizer keeps for one trained weight of the given parameter type. */
  states(weight: Weight, parameter: DType): Part[];
  /**
   * The optimizer runs inside the passes, and gradients end there: once a layer is done, or as soon as each parameter's
   * gradient is complete.
   */
  layerwise: boolean | 'parameter';
  /** What this card has of what several share. */
  cards: Cards;
  /** Shape of the part of a weight whose states and update are this card's. */
  share(weight: Weight): readonly number[];
  /** Type in which whole weights come to their use, where they are kept in another; null: the type they are kept in. */
  used: DType | null;
  buffers: readonly Buffer[];
  /** How each engine does what techniques change. */
  pytorch: PytorchRules;
  webgpu: WebgpuRules;
}
