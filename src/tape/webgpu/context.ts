/** What the parts of a step share while it is lowered for the runner, and the linear maps that all of them use. */
import type { Weight } from '../../plan/weights';
import type { Recipe } from '../recipe';
import type { Tensor, Trace } from '../trace';
import { allRows, type MatrixInput, upstreamOf } from './matrix-input';
import { emit, make, matmul, type Operand, type Rows } from './ops';

export interface Context {
  trace: Trace;
  recipe: Recipe;
  /** Every token of the batch. */
  all: Rows;
  /** Cosines and sines of every position, [sequence, head width]. */
  positions: Tensor;
  weights: Map<string, Weight>;
  /** Stored parts of each weight, of the current layer where it is a layer's. */
  parts: Map<string, Tensor[]>;
  states: Map<string, Tensor[]>;
  gradients: Map<string, Tensor>;
}

/** The weight trains and so has a gradient. */
export const trains = (context: Context, name: string): boolean => {
  const weight = context.weights.get(name);
  return weight !== undefined && (weight.role === 'adapter' || context.recipe.trains(weight));
};

export function weightOf(context: Context, name: string): Weight {
  const weight = context.weights.get(name);
  if (!weight) throw new Error(`tape: the runner's engine has no weight named ${name}`);
  return weight;
}

/** Runs `body` with the fp32 matrix of a weight, made for the occasion where it is stored otherwise. */
export function withMatrix(context: Context, name: string, body: (matrix: Tensor) => void): void {
  const weight = weightOf(context, name);
  const parts = context.parts.get(name) as Tensor[];
  const rule = context.recipe.webgpu.unpack;
  if (rule?.applies(weight)) {
    const matrix = rule.emit(context.trace, weight, parts);
    body(matrix);
    context.trace.release(matrix);
  } else body(parts[0] as Tensor);
}

/** The gradient of a weight that trains; made on first use. `fresh` says that this use writes it rather than adds to it. */
export function gradientOf(context: Context, name: string): { gradient: Tensor; fresh: boolean } {
  const existing = context.gradients.get(name);
  if (existing) return { gradient: existing, fresh: false };
  const gradient = make(context.trace, `${name}.gradient`, weightOf(context, name).shape, 'gradients');
  context.gradients.set(name, gradient);
  return { gradient, fresh: true };
}

/** Makes and clears the gradients that a loop is about to add to. */
export function clearGradients(context: Context, names: readonly string[]): void {
  for (const name of names) {
    if (!trains(context, name) || context.gradients.has(name)) continue;
    const { gradient } = gradientOf(context, name);
    context.trace.op({ op: 'zero', label: name, writes: [gradient] });
  }
}

/** The two matrices of a weight's adapter. */
export const adapterNames = (name: string): [string, string] => [`${name}.lora_a`, `${name}.lora_b`];

const hasAdapter = (context: Context, name: string): boolean => context.weights.has(adapterNames(name)[0]);

/** alpha / rank, the factor of an adapter's product. */
const adapterScale = (context: Context): number => {
  const adapters = context.recipe.adapters;
  return adapters ? adapters.alpha / adapters.rank : 0;
};

/** The adapter's input: dropped out by a counter-based generator, so that every pass over the same rows draws the same mask. */
function adapterInput(context: Context, rows: Rows, name: string, input: MatrixInput, columns: number) {
  const { trace } = context;
  const attrs = dropoutAttrs(context, name, columns);
  if (attrs.probability === 0) return { operand: input.operand, end: () => undefined };
  const dropped = make(trace, 'dropped', [input.rows.count, columns], 'temporary');
  const shared = { label: name, rows, writes: [dropped], attrs };
  if (input.numbers) emit(trace, { ...shared, op: 'dropout_rows', reads: [input.operand, input.numbers] });
  else emit(trace, { ...shared, op: 'dropout', reads: [input.operand] });
  return { operand: dropped as Operand, end: () => trace.release(dropped) };
}

const dropoutAttrs = (context: Context, name: string, columns: number) => ({
  columns,
  probability: context.recipe.adapters?.dropout ?? 0,
  site: [...context.weights.keys()].indexOf(name),
});

/** out = input · Wᵀ (+ addend), with the weight's adapter where it has one. */
export function linear(
  context: Context,
  rows: Rows,
  name: string,
  input: Operand,
  out: Operand,
  options: { addend?: Operand } = {},
): void {
  const { trace } = context;
  const [n, k] = weightOf(context, name).shape as [number, number];
  withMatrix(context, name, (b) => matmul(trace, { form: 'nt', rows, a: input, b, out, n, k, label: name, ...options }));
  if (!hasAdapter(context, name)) return;
  const rank = context.recipe.adapters?.rank ?? 0;
  const [down, up] = adapterNames(name).map((part) => context.parts.get(part)?.[0]) as [Tensor, Tensor];
  const source = adapterInput(context, rows, name, allRows(rows, input), k);
  const inner = make(trace, 'adapter', [rows.count, rank], 'temporary');
  matmul(trace, { form: 'nt', rows, a: source.operand, b: down, out: inner, n: rank, k, label: `${name}.lora_a` });
  source.end();
  matmul(trace, {
    form: 'nt',
    rows,
    a: inner,
    b: up,
    out,
    n,
    k: rank,
    alpha: adapterScale(context),
    accumulate: true,
    label: `${name}.lora_b`,
  });
  trace.release(inner);
}

/**
 * Adds this linear map's weight gradients, and writes (or adds) the gradient of its input.
 * `input` is what the forward read, or a sample of its rows; `upstream` the gradient of its result.
 */
export function linearBackward(
  context: Context,
  rows: Rows,
  name: string,
  input: MatrixInput | null,
  upstream: Operand,
  into: { out: Operand; accumulate: boolean },
): void {
  weightGradient(context, rows, name, input, upstream);
  inputGradient(context, rows, name, input, upstream, into);
}

/** Whether the weight's gradients need what the forward read. */
export const needsInput = (context: Context, name: string): boolean => trains(context, name) || hasAdapter(context, name);

/** The weight's own gradient: upstreamᵀ · input. */
export function weightGradient(context: Context, rows: Rows, name: string, input: MatrixInput | null, upstream: Operand): void {
  if (!trains(context, name) || !input) return;
  const [out, columns] = weightOf(context, name).shape as [number, number];
  const { gradient, fresh } = gradientOf(context, name);
  const { operand, end } = upstreamOf(context, rows, input, upstream, out);
  matmul(context.trace, {
    form: 'tn',
    rows: input.rows,
    a: operand,
    b: input.operand,
    out: gradient,
    n: columns,
    k: out,
    accumulate: !fresh,
    label: name,
  });
  end();
}

/** The gradient of the input: upstream · W, and through the adapter, whose own gradients are added on the way. */
export function inputGradient(
  context: Context,
  rows: Rows,
  name: string,
  input: MatrixInput | null,
  upstream: Operand,
  into: { out: Operand; accumulate: boolean },
): void {
  const { trace } = context;
  const [out, columns] = weightOf(context, name).shape as [number, number];
  withMatrix(context, name, (b) =>
    matmul(trace, {
      form: 'nn',
      rows,
      a: upstream,
      b,
      out: into.out,
      n: columns,
      k: out,
      accumulate: into.accumulate,
      label: name,
    }),
  );
  if (!hasAdapter(context, name) || !input) return;
  const rank = context.recipe.adapters?.rank ?? 0;
  const alpha = adapterScale(context);
  const [nameA, nameB] = adapterNames(name);
  const [down, up] = [nameA, nameB].map((part) => context.parts.get(part)?.[0]) as [Tensor, Tensor];
  const source = adapterInput(context, rows, name, input, columns);
  const inner = make(trace, 'adapter', [rows.count, rank], 'temporary');
  matmul(trace, {
    form: 'nt',
    rows: input.rows,
    a: source.operand,
    b: down,
    out: inner,
    n: rank,
    k: columns,
    alpha,
    label: nameA,
  });
  const b = gradientOf(context, nameB);
  const above = upstreamOf(context, rows, input, upstream, out);
  matmul(trace, {
    form: 'tn',
    rows: input.rows,
    a: above.operand,
    b: inner,
    out: b.gradient,
    n: rank,
    k: out,
    accumulate: !b.fresh,
    label: nameB,
  });
  above.end();
  matmul(trace, { form: 'nn', rows, a: upstream, b: up, out: inner, n: rank, k: out, alpha, label: nameB });
  const a = gradientOf(context, nameA);
  const below = upstreamOf(context, rows, input, inner, rank);
  matmul(trace, {
    form: 'tn',
    rows: input.rows,
    a: below.operand,
    b: source.operand,
    out: a.gradient,
    n: columns,
    k: rank,
    accumulate: !a.fresh,
    label: nameA,
  });
  below.end();
  source.end();
  if ((context.recipe.adapters?.dropout ?? 0) === 0) {
    matmul(trace, { form: 'nn', rows, a: inner, b: down, out: into.out, n: columns, k: rank, accumulate: true, label: nameA });
  } else {
    const through = make(trace, 'dropped', [rows.count, columns], 'temporary');
    matmul(trace, { form: 'nn', rows, a: inner, b: down, out: through, n: columns, k: rank, label: nameA });
    emit(trace, {
      op: 'dropout',
      label: name,
      rows,
      reads: [through],
      writes: [through],
      attrs: dropoutAttrs(context, name, columns),
    });
    emit(trace, { op: 'add', label: name, rows, reads: [into.out, through], writes: [into.out], attrs: { columns } });
    trace.release(through);
  }
  trace.release(inner);
}

/** Emits the update of one weight and ends its gradient. */
export function update(context: Context, name: string): void {
  const { trace, recipe } = context;
  const gradient = context.gradients.get(name);
  const rule = recipe.webgpu.optimizer;
  if (!gradient || !rule) return;
  const weight = weightOf(context, name);
  const parts = context.parts.get(name) as Tensor[];
  const change = (parameter: Tensor) =>
    rule.update({ trace, weight, parameter, gradient, states: context.states.get(name) ?? [] });
  const storage = recipe.webgpu.unpack;
  if (storage?.applies(weight)) {
    if (!storage.store) throw new Error(`tape: ${name} is stored in a form that does not learn`);
    const matrix = storage.emit(trace, weight, parts);
    change(matrix);
    storage.store(trace, weight, matrix, parts);
    trace.release(matrix);
  } else change(parts[0] as Tensor);
  context.gradients.delete(name);
  trace.release(gradient);
}
