/** What techniques may change in PyTorch's engine. Each rule is a function that writes its part of the tape. */
import type { Packing, Tensor, Trace } from '../trace';
import type { PytorchStep } from './context';

export interface PytorchRules {
  /** `sdpa` keeps q, k, v, output and log-sum-exp (flash, cuDNN, CPU flash); `eager` keeps the probabilities; `math` is SDPA's fallback. */
  attention: 'sdpa' | 'eager' | 'math';
  /** Writes forward and backward of one micro-batch, given a way to write its loss. */
  schedule(step: PytorchStep): void;
  /**
   * Writes head and loss from the normalised hidden states (held by the caller). Returns what writes their backward and
   * yields the gradient of the hidden states, or null where none is wanted.
   */
  loss(step: PytorchStep, hidden: Tensor): () => Tensor | null;
  /** Compresses a tensor that forward keeps for backward; null: kept as it is. */
  pack?(trace: Trace, tensor: Tensor): Packing | null;
  /** Temporaries of the optimizer's step over the given parameters (all of them, or one layer's). */
  optimizerStep(step: PytorchStep, parameters: readonly ParameterGroup[]): void;
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
