/** What a trace records: tensors, ops, and what stands for a tensor or computes its gradient later. */
import type { OpNode, TensorDecl } from './types';

export interface Tensor extends TensorDecl {
  /** Holders: local names, saved lists, gradient buffers. 0 means ended. */
  refs: number;
  allocated: boolean;
  requiresGrad: boolean;
  /** A statistic of rows (log-sum-exp, mean, deviation): small, and never compressed. */
  statistic: boolean;
  /** A parameter, trained or not: its gradient is kept rather than passed on, and nothing needs to save it. */
  leaf: boolean;
}

export interface OpSpec {
  op: string;
  label?: string;
  reads?: readonly Tensor[];
  writes?: readonly Tensor[];
  /** Tensors that live only while the op runs. */
  temps?: readonly Tensor[];
  flops?: number;
  /** Bytes moved; by default what is read and written. */
  moved?: number;
  traffic?: OpNode['traffic'] | undefined;
  seconds?: number;
  attrs?: OpNode['attrs'];
}

/** A compressed copy that stands for a tensor between forward and backward. */
export interface Packing {
  codes: readonly Tensor[];
  /** Emits the op that writes the tensor back from its codes. */
  unpack(tensor: Tensor): void;
}

/** One recorded forward op: `backward` gets the gradient of `output` and returns a gradient (or null) for each input. */
export interface GradNode {
  label: string;
  output: Tensor;
  inputs: readonly Tensor[];
  saved: readonly Tensor[];
  backward(gradient: Tensor): readonly (Tensor | null)[];
  /** Share of its cost that the op was counted at. */
  share: number;
}
