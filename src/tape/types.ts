/**
 * The tape: a training step as an ordered list of operations on named tensors.
 * Estimating is simulating it, running on the GPU is executing it.
 */
import type { DType } from '../plan/types';
import type { Category, Phase } from '../planner/types';

/** Where a tensor can lie outside the card: `managed` memory is there only as far as the card has no room for it. */
export type Place = 'cpu' | 'nvme' | 'managed';

/** Streams beside the one that computes: the caching allocator hands no block from one stream to another. */
export type Stream = 'all_gather' | 'reduce_scatter';

export interface TensorDecl {
  id: number;
  name: string;
  shape: readonly number[];
  dtype: DType;
  bytes: number;
  category: Category;
  /** One instance for each layer: it was made inside a repeat over layers. */
  perLayer: boolean;
  /** Equal blocks that its bytes are made of; one where it is not said. */
  pieces?: number | undefined;
  /** The stream that it is allocated on, where that is not the one that computes. */
  stream?: Stream | undefined;
  /** Bytes of it that lie outside the card, in the host's memory or on a drive. */
  host?: { place: Place; bytes: number } | undefined;
}

/** Bytes in one direction, to other cards, to the host, or between the host and its drive. `hidden`: frameworks let it run beside the arithmetic. */
export interface Traffic {
  to: 'cards' | 'host' | 'drive';
  bytes: number;
  hidden: boolean;
}

/** One operation. `allocs` come to life before it, `frees` end after it; ids index `Tape.tensors`. */
export interface OpNode {
  kind: 'op';
  /** What to compute: an aten-like name (`pytorch`) or a kernel's name (`webgpu`). */
  op: string;
  /** Dotted place in the model, e.g. `mlp.down`. */
  label: string;
  reads: number[];
  writes: number[];
  allocs: number[];
  frees: number[];
  /** Floating-point operations in matrix units. */
  flops: number;
  /** Bytes read and written, for the time model. */
  moved: number;
  /** What the op sends or receives over a link, where it does. */
  traffic?: Traffic | undefined;
  /** Time that it takes outside the card, which waits for it. */
  seconds?: number | undefined;
  attrs?: { [name: string]: number | string | boolean } | undefined;
}

/** `body`, `count` times. Index 0 comes first, or last where `reverse` is set. */
export interface RepeatNode {
  kind: 'repeat';
  axis: 'layer' | 'chunk' | 'micro';
  count: number;
  /** Index of the first iteration in file order, so that stretches of layers keep their numbers. */
  from: number;
  /** Indices that one iteration spans: a segment of several layers. */
  stride: number;
  reverse: boolean;
  /**
   * Storage that moves without a copy: `initial` enters the first iteration as `in`, each iteration's `out` is the
   * next one's `in`, and the last `out` is `result` afterwards. Without `out` it ends inside (and `count` is 1).
   */
  carry: { initial: number; in: number; out?: number; result?: number }[];
  body: TapeNode[];
}

export interface PhaseNode {
  kind: 'phase';
  phase: Phase;
}

export type TapeNode = OpNode | RepeatNode | PhaseNode;

export interface Tape {
  tensors: TensorDecl[];
  body: TapeNode[];
}
