/** What techniques may change in the runner's own engine. Plain data, and functions that emit ops of the runner. */
import type { Weight } from '../../plan/weights';
import type { Part } from '../recipe';
import type { Tensor, Trace } from '../trace';
import type { Operand, Rows } from './ops';

export interface WebgpuRules {
  /** How a layer's backward gets what it needs, and in how many stretches of positions it runs. */
  backward: BackwardRule;
  /** Layers as two coupled streams whose inputs are computed from their outputs; null for one stream. */
  reversible: ReversibleRule | null;
  /** How logits, loss and their gradients are made. */
  head: HeadRule;
  /** What is made small where it is not cross-entropy; null for cross-entropy. */
  objective: ObjectiveRule | null;
  /** How tensors kept from forward to backward are stored; null keeps them as they are. */
  kept: KeptRule | null;
  /** Which rows of its input a matrix's gradient is summed over; null for all of them. */
  sampled: SampleRule | null;
  /** Makes a whole fp32 matrix of a weight that is stored otherwise; null where weights are fp32. */
  unpack: UnpackRule | null;
  /** The optimizer; null keeps every gradient instead (forward and backward only). */
  optimizer: OptimizerRule | null;
  /** Writes a step that learns from losses alone, or not at all; null differentiates. */
  forwardOnly: ((step: ForwardStep) => void) | null;
}

/** What a step without a backward pass is written with. */
export interface ForwardStep {
  trace: Trace;
  all: Rows;
  /** Loss of each row, [rows]: what the host reads after the step. */
  loss: Tensor;
  /** One forward pass that writes the loss of each row. */
  pass(loss: Tensor): void;
  /** Visits every weight that trains, of every layer and outside; `site` numbers them. */
  each(visit: (weight: Weight, parameter: Tensor, site: number) => void): void;
}

export interface BackwardRule {
  /** `all`: what the backward reads is kept by the forward. `input`: only a layer's input; the rest is computed again. */
  keep: 'all' | 'input';
  /** Layers between two kept inputs (`keep: 'input'`). */
  every: number;
  /** Positions of one stretch of a layer's backward; 0 for all at once. Later stretches run first. */
  chunk: number;
}

export interface ReversibleRule {
  /** What the streams are multiplied by in each layer. */
  factor: number;
  /** Every layer's input is kept and read again in place of being computed: the same network, differentiated the plain way. */
  keep: boolean;
}

export type HeadRule =
  /** Logits of `positions` positions of every sample at a time; 0 for all at once. */
  | { kind: 'chunks'; positions: number }
  /**
   * Logits in tiles of `rows` tokens by `columns` words, made twice, never kept. Blocks of a tile whose gradients are all below `least`,
   * before they are divided by the rows that count, are left out; 0 leaves out none.
   */
  | TilesRule;

/**
 * Where a reference's log-probabilities come from: the host, which had them before; a frozen model beside the one that learns; or the
 * model that learns, without its adapters. The last two run forward in each step, before anything else.
 */
export type ReferenceRule = 'input' | 'model' | 'adapters-off';

/** Losses over answers, whose rows' log-probabilities are compared with a reference's. */
export type ObjectiveRule =
  /** Chosen answers are the first half of the samples, rejected ones the second. */
  | { kind: 'dpo'; beta: number; reference: ReferenceRule }
  | { kind: 'grpo'; temperature: number; distance: number; clip: number; reference: ReferenceRule }
  /** Nothing is made small: the loss of each row is its target's log-probability. */
  | { kind: 'score'; temperature: number };

export interface TilesRule {
  kind: 'tiles';
  rows: number;
  columns: number;
  least: number;
  /** Rows and columns of a block. */
  side: number;
}

export interface KeptRule {
  /** Tensors of a layer that stay as they are, by name. */
  exact?: readonly string[];
  /** Emits what stores `tensor` and returns the tensors that are kept in its place. `site` numbers the saves of a layer. */
  pack(trace: Trace, tensor: Tensor, site: number): Tensor[];
  /** Emits what restores it; the caller owns the result. */
  unpack(trace: Trace, packed: readonly Tensor[], shape: readonly number[]): Tensor;
}

/** Gradients of a layer's matrices from a sample of their input's rows. */
export interface SampleRule {
  /** How many rows are taken of so many. */
  kept(rows: number): number;
  /** Emits what draws the rows of an input: their numbers, and the factor of each. `site` numbers the draws of a layer. */
  draw(trace: Trace, rows: Rows, input: Tensor, columns: number, site: number): { numbers: Tensor; factors: Tensor };
  /** Emits what copies rows by their numbers, times their factors where there are any; the caller owns the result. */
  take(trace: Trace, rows: Rows, source: Operand, columns: number, numbers: Tensor, factors?: Tensor): Tensor;
}

/** What a stored matrix's parts hold, by their names. */
export interface StoredData {
  [part: string]: ArrayBufferView<ArrayBuffer>;
}

export interface UnpackRule {
  applies(weight: Weight): boolean;
  /** Emits what writes the whole matrix into a new fp32 tensor; the caller owns it. */
  emit(trace: Trace, weight: Weight, parts: readonly Tensor[]): Tensor;
  /** Emits what stores a matrix that was updated; absent where such a weight cannot learn. */
  store?(trace: Trace, weight: Weight, matrix: Tensor, parts: readonly Tensor[]): void;
  /** What the host writes into the parts for these values, and the values that parts stand for. */
  encode(values: Float32Array): StoredData;
  decode(stored: StoredData, count: number): Float64Array<ArrayBuffer>;
}

export interface Update {
  trace: Trace;
  weight: Weight;
  /** In fp32: the weight itself, or the whole matrix of one that is stored otherwise. */
  parameter: Tensor;
  gradient: Tensor;
  /** In the order of `states`. */
  states: readonly Tensor[];
}

export interface OptimizerRule {
  states(weight: Weight): Part[];
  /** Emits the update of one parameter. The caller frees the gradient. */
  update(update: Update): void;
  /** Whose turn it is in each step, where the run itself decides: one for each run. */
  turns?(): Turns;
}

/** Decides in which steps the lazy ops of a weight run; `weight` is its name, with `@layer` in a layer. */
export interface Turns {
  due(weight: string, step: number): boolean;
  /** The state that tells how alike what was found and what stood were, by its part's name; read after each turn. */
  part: string;
  seen(weight: string, step: number, value: number): void;
}

/** Alignment of every tensor of the runner's engine: what a storage binding's offset must keep. */
export const ALIGNMENT = 256;
export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** What a plain plan does in the runner. */
export const PLAIN_WEBGPU: WebgpuRules = {
  backward: { keep: 'all', every: 1, chunk: 0 },
  reversible: null,
  objective: null,
  head: { kind: 'chunks', positions: 0 },
  kept: null,
  sampled: null,
  unpack: null,
  optimizer: null,
  forwardOnly: null,
};

/** Positions of every sample that make about so many tokens, one at least. */
export const positionsOf = (batch: number, tokens: number): number => Math.max(1, Math.floor(tokens / batch));
