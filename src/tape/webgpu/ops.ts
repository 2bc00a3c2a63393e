/**
 * The runner's ops as the lowering emits them. Activations are rows of one token, position-major: row = position · batch +
 * sample, so that a stretch of positions is a contiguous range of rows in every tensor.
 */
import { bytesOf } from '../../plan/dtypes';
import type { DType } from '../../plan/types';
import type { Category } from '../../planner/types';
import type { Tensor, Trace } from '../trace';
import { align } from './rules';

/** A new tensor whose bytes are what the arena gives it. */
export function make(trace: Trace, name: string, shape: readonly number[], category: Category, dtype: DType = 'fp32'): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return trace.tensor(name, shape, dtype, category, align(bytesOf(dtype, count)));
}

/** The rows that an op works on: all of them, or those of the current iteration of the innermost chunk repeat. */
export interface Rows {
  /** Rows at most: the whole batch, or one full stretch. */
  count: number;
  /** Positions of a stretch; 0 where the op works on all rows. */
  chunk: number;
  sequence: number;
  batch: number;
}

/** A tensor of whole length read or written only at the rows of the current stretch. */
export interface Slice {
  whole: Tensor;
}
export type Operand = Tensor | Slice;
export const slice = (rows: Rows, whole: Tensor): Operand => (rows.chunk > 0 ? { whole } : whole);

const tensorOf = (operand: Operand): Tensor => ('whole' in operand ? operand.whole : operand);

interface Emit {
  op: string;
  label?: string | undefined;
  rows: Rows;
  reads: readonly Operand[];
  writes: readonly Operand[];
  temps?: readonly Tensor[];
  flops?: number;
  attrs?: { [name: string]: number | string | boolean };
}

/** Emits one op over rows; `sliced` names the operands (reads, then writes) that are bound at the stretch's rows. */
export function emit(trace: Trace, spec: Emit): void {
  const { rows } = spec;
  const operands = [...spec.reads, ...spec.writes];
  const sliced = operands.flatMap((operand, index) => ('whole' in operand ? [index] : [])).join(',');
  trace.op({
    op: spec.op,
    ...(spec.label === undefined ? {} : { label: spec.label }),
    reads: spec.reads.map(tensorOf),
    writes: spec.writes.map(tensorOf),
    ...(spec.temps ? { temps: spec.temps } : {}),
    flops: spec.flops ?? 0,
    attrs: { rows: rows.count, chunk: rows.chunk, sequence: rows.sequence, batch: rows.batch, sliced, ...spec.attrs },
  });
}

export interface Product {
  /** nt: rows of `a` by rows of `b`; nn: rows of `a` by columns of `b`; tn: columns of `a` by columns of `b`, summed over the rows. */
  form: 'nt' | 'nn' | 'tn';
  rows: Rows;
  a: Operand;
  b: Operand;
  out: Operand;
  /** Columns of the result. */
  n: number;
  /** nt, nn: the summed dimension; tn: rows of the result. */
  k: number;
  alpha?: number;
  /** Adds to what `out` holds. */
  accumulate?: boolean;
  /** Adds this to the result (same shape as `out`). */
  addend?: Operand;
  label?: string;
  when?: Occasion;
}

/** An op that does not run in every step: every so many, or rarer where the host finds that what it would find anew still stands. */
export interface Occasion {
  every: number;
  /** Name of the weight whose turn it is; in a layer, of that layer. */
  lazy?: string;
}

/** out = alpha · a ∘ b (+ out) (+ addend). */
export function matmul(trace: Trace, product: Product): void {
  const { form, rows, a, b, out, n, k, alpha = 1, accumulate = false, addend, when } = product;
  emit(trace, {
    op: 'matmul',
    label: product.label,
    rows,
    reads: [a, b, ...(addend ? [addend] : []), ...(accumulate ? [out] : [])],
    writes: [out],
    flops: 2 * rows.count * n * k,
    attrs: { form, n, k, alpha, accumulate, addend: addend !== undefined, ...when },
  });
}

/** Rows that are no tokens: a matrix's own. */
export const plainRows = (count: number): Rows => ({ count, chunk: 0, sequence: count, batch: 1 });

/** Gives tensors their storage before a repeat whose iterations each write a part of them. */
export function reserve(trace: Trace, ...tensors: Tensor[]): void {
  trace.op({ op: 'reserve', label: 'reserve', writes: tensors, moved: 0 });
}
