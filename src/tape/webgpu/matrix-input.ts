/** What the gradient of a matrix is summed over: the rows of its input, or a sample of them. */
import type { Tensor } from '../trace';
import type { Context } from './context';
import { type Operand, plainRows, type Rows } from './ops';

export interface MatrixInput {
  rows: Rows;
  operand: Operand;
  /** Which of the pass's rows they are; null where they are all of them. */
  numbers: Tensor | null;
}

export const allRows = (rows: Rows, operand: Operand): MatrixInput => ({ rows, operand, numbers: null });

/** Draws of a layer, by what is drawn from. */
const SITES = { normed1: 0, attended: 1, normed2: 2, product: 3 } as const;

/** An input of the current rows, whose reference is taken over; of a plan that samples, what was drawn of it stands in its place. */
export function matrixInput(context: Context, rows: Rows, input: Tensor, columns: number, site: keyof typeof SITES): MatrixInput {
  const { trace, recipe } = context;
  const rule = recipe.webgpu.sampled;
  const kept = rule?.kept(rows.count) ?? rows.count;
  if (!rule || kept >= rows.count) return allRows(rows, input);
  const { numbers, factors } = rule.draw(trace, rows, input, columns, SITES[site]);
  const operand = rule.take(trace, rows, input, columns, numbers, factors);
  trace.release(input, factors);
  return { rows: plainRows(kept), operand, numbers };
}

export function endInput(context: Context, input: MatrixInput | null): void {
  if (input) context.trace.release(input.operand as Tensor, input.numbers);
}

/** The rows of an upstream gradient that meet those of the input. */
export function upstreamOf(context: Context, rows: Rows, input: MatrixInput, upstream: Operand, columns: number) {
  const rule = context.recipe.webgpu.sampled;
  if (!rule || !input.numbers) return { operand: upstream, end: () => undefined };
  const taken = rule.take(context.trace, rows, upstream, columns, input.numbers);
  return { operand: taken as Operand, end: () => context.trace.release(taken) };
}
