/**
 * What a step is made of before it is written out as a tape. A plan starts from the plain recipe, each technique
 * rewrites it (`techniques/NAME/memory.ts`), and an engine profile lowers the result to a tape.
 */
import type { DType, Model } from '../plan/types';
import type { Weight } from '../plan/weights';
import type { PytorchRules } from './pytorch/rules';
import type { WebgpuRules } from './webgpu/rules';

/** One tensor that a weight or a state is stored as. */
export interface Part {
  name: string;
  shape: readonly number[];
  dtype: DType;
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

export interface Recipe {
  model: Model;
  batch: number;
  sequence: number;
  accumulate: number;
  /** Type of the matrix products' inputs. */
  compute: DType;
  /** Weights are kept in `parameters` and cast to `compute` at use (torch.autocast). */
  autocast: boolean;
  /** Type of parameters, where `stored` does not say otherwise. */
  parameters: DType;
  /** Type of gradients; null follows the parameter. */
  gradients: DType | null;
  /** The tensors that keep one weight, e.g. codes and scales. */
  stored(weight: Weight): Part[];
  trains(weight: Weight): boolean;
  adapters: Adapters | null;
  /** Parameters beside the model's own: those of each layer, and those outside. */
  added: { layer: readonly Weight[]; outside: readonly Weight[] };
  /** The layers whose parameters learn in this step, where not all of them do. */
  active: ActiveLayers | null;
  /** State tensors that the optimizer keeps for one trained weight of the given parameter type. */
  states(weight: Weight, parameter: DType): Part[];
  /**
   * The optimizer runs inside the passes, and gradients end there: once a layer is done, or as soon as each parameter's
   * gradient is complete.
   */
  layerwise: boolean | 'parameter';
  /** How each engine does what techniques change. */
  pytorch: PytorchRules;
  webgpu: WebgpuRules;
}
