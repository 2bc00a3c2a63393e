/** GaLore's AdamW in double precision, and the signs of the basis that a recording was made with. */
import { type Array64, productNn, productNt, productTn } from '../../runner/reference/arrays';
import { type AdamState, adamDirection, adamState } from '../../runner/reference/optimizers';
import { leftVectors, transposed } from '../../runner/reference/svd';
import type { TrajectoryCase } from './trajectory-file';

export type Settings = Pick<
  TrajectoryCase,
  | 'rows'
  | 'columns'
  | 'rank'
  | 'every'
  | 'scale'
  | 'learningRate'
  | 'decay'
  | 'side'
  | 'beta1'
  | 'beta2'
  | 'epsilon'
  | 'gradients'
>;

export interface Basis {
  /** Singular vectors of the compressed side as rows, [rank, side], largest elements positive. */
  vectors: Array64;
  values: number[];
}

/** The basis of every refresh. */
export function basesOf(settings: Settings): Basis[] {
  const { rows, columns, rank, side, every, gradients } = settings;
  const [small, large] = side === 'right' ? [columns, rows] : [rows, columns];
  return gradients
    .filter((_, step) => step % every === 0)
    .map((gradient) => {
      const matrix = Float64Array.from(gradient);
      const turned = side === 'right' ? transposed(matrix, rows, columns) : matrix;
      const { values, vectors } = decompose(turned, small, large);
      return { values, vectors: vectors.slice(0, rank * small) };
    });
}

/** Left singular vectors of any matrix; with more rows than columns, those of the columns are carried over. */
function decompose(matrix: Array64, rows: number, columns: number): { values: number[]; vectors: Array64 } {
  if (rows <= columns) return leftVectors(matrix, rows, columns);
  const right = leftVectors(transposed(matrix, rows, columns), columns, rows);
  const vectors = productNt(right.vectors, matrix, columns, rows, columns);
  for (let i = 0; i < columns; i++) {
    const row = vectors.subarray(i * rows, (i + 1) * rows);
    const largest = row.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    const length = Math.hypot(...row) * (largest < 0 ? -1 : 1);
    row.forEach((value, x) => {
      row[x] = value / length;
    });
  }
  return { values: right.values, vectors };
}

/** Two of the wanted singular values, or the last wanted and the next, so near to one another that their vectors are not defined. */
export function degenerate(basis: Basis, rank: number): boolean {
  const [first = 0] = basis.values;
  return basis.values.slice(0, rank).some((value, i) => {
    const next = basis.values[i + 1];
    return next !== undefined && value > 1e-6 * first && value - next < 1e-5 * first;
  });
}

/** Low-rank gradient, [rows, rank] on the right side, [rank, columns] on the left. */
const project = (s: Settings, gradient: Array64, vectors: Array64): Array64 =>
  s.side === 'right'
    ? productNt(gradient, vectors, s.rows, s.rank, s.columns)
    : productNn(vectors, gradient, s.rank, s.columns, s.rows);
const projectBack = (s: Settings, low: Array64, vectors: Array64): Array64 =>
  s.side === 'right' ? productNn(low, vectors, s.rows, s.columns, s.rank) : productTn(vectors, low, s.rows, s.columns, s.rank);

/** Weights after the first and the last step, with signs ±1 for each refresh and vector. */
export function replay(s: Settings, before: Float64Array, bases: readonly Basis[], signs: readonly (readonly number[])[]) {
  const small = s.side === 'right' ? s.columns : s.rows;
  let weight = Float64Array.from(before);
  const state: AdamState = adamState(s.rank * (s.side === 'right' ? s.rows : s.columns));
  let first = weight;
  s.gradients.forEach((gradient, step) => {
    const period = Math.floor(step / s.every);
    const vectors = (bases[period]?.vectors ?? new Float64Array()).map(
      (value, at) => value * (signs[period]?.[Math.floor(at / small)] ?? 1),
    );
    const options = { rate: s.learningRate, beta1: s.beta1, beta2: s.beta2, epsilon: s.epsilon, form: 'transformers' as const };
    const low = adamDirection(state, project(s, Float64Array.from(gradient), vectors), step + 1, options);
    const change = projectBack(s, low, vectors);
    weight = weight.map((w, i) => (w - s.scale * (change[i] as number)) * (1 - s.learningRate * s.decay));
    if (step === 0) first = weight;
  });
  return { first, last: weight };
}

/**
 * The signs of the basis vectors that a recording was made with. A singular vector's sign is arbitrary, moments outlive a
 * refresh, and so a vector that turned round between two refreshes leaves another trajectory. Second moments do not see signs and
 * first moments are linear in them: the recorded last weight is a linear function of the products of signs of two refreshes, and
 * least squares finds those. Only ±1 is taken, and the first refresh's signs are all +1, since turning a vector round in every
 * refresh changes nothing. A handful of such choices cannot bring a wrong optimizer's hundreds of numbers to agreement.
 */
export function inferSigns(
  s: Settings,
  before: Float64Array,
  afterLast: Float64Array,
  bases: readonly Basis[],
): { signs: number[][]; inferred: number } {
  const periods = bases.length;
  const signs = bases.map(() => new Array<number>(s.rank).fill(1));
  if (periods < 2 || s.beta1 === 0) return { signs, inferred: 0 };
  const [small, large] = s.side === 'right' ? [s.columns, s.rows] : [s.rows, s.columns];
  const element = (low: Array64, vector: number, at: number) =>
    low[s.side === 'right' ? at * s.rank + vector : vector * large + at] as number;

  // Part of the change that comes from period q's gradients while period p's basis stands, one vector of the long side each.
  interface Part {
    period: number;
    source: number;
    vector: number;
    long: Float64Array;
  }
  const parts = new Map<string, Part>();
  const steps = s.gradients.length;
  const lows = s.gradients.map((gradient, step) =>
    project(s, Float64Array.from(gradient), bases[Math.floor(step / s.every)]?.vectors ?? new Float64Array()),
  );
  for (let vector = 0; vector < s.rank; vector++) {
    const means = bases.map(() => new Float64Array(large));
    const square = new Float64Array(large);
    lows.forEach((low, step) => {
      const period = Math.floor(step / s.every);
      const rate = (s.scale * s.learningRate * Math.sqrt(1 - s.beta2 ** (step + 1))) / (1 - s.beta1 ** (step + 1));
      const kept = (1 - s.learningRate * s.decay) ** (steps - step);
      for (let at = 0; at < large; at++) {
        const g = element(low, vector, at);
        square[at] = s.beta2 * (square[at] as number) + (1 - s.beta2) * g * g;
        for (let source = 0; source <= period; source++) {
          const mean = means[source] as Float64Array;
          mean[at] = s.beta1 * (mean[at] as number) + (source === period ? (1 - s.beta1) * g : 0);
          const name = `${period} ${source} ${vector}`;
          let part = parts.get(name);
          if (!part) {
            part = { period, source, vector, long: new Float64Array(large) };
            parts.set(name, part);
          }
          part.long[at] =
            (part.long[at] as number) + (kept * rate * (mean[at] as number)) / (Math.sqrt(square[at] as number) + s.epsilon);
        }
      }
    });
  }
  const vectorOf = (part: Part) =>
    bases[part.period]?.vectors.subarray(part.vector * small, (part.vector + 1) * small) as Float64Array;
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  // What is left of the recorded change once the parts without a choice are taken away: [large, small].
  const left = new Float64Array(large * small);
  const shrink = (1 - s.learningRate * s.decay) ** steps;
  for (let l = 0; l < large; l++)
    for (let x = 0; x < small; x++) {
      const at = s.side === 'right' ? l * s.columns + x : x * s.columns + l;
      left[l * small + x] = (before[at] as number) * shrink - (afterLast[at] as number);
    }
  const all = [...parts.values()];
  const size = Math.max(...all.map((part) => Math.sqrt(dot(part.long, part.long))));
  for (const part of all) {
    if (part.period !== part.source) continue;
    const vector = vectorOf(part);
    for (let l = 0; l < large; l++)
      for (let x = 0; x < small; x++)
        left[l * small + x] = (left[l * small + x] as number) - (part.long[l] as number) * (vector[x] as number);
  }
  const open = all.filter((part) => part.period !== part.source && Math.sqrt(dot(part.long, part.long)) > 1e-5 * size);
  const products = open.map((part) => {
    const vector = vectorOf(part);
    let sum = 0;
    for (let l = 0; l < large; l++) sum += (part.long[l] as number) * dot(left.subarray(l * small, (l + 1) * small), vector);
    return sum;
  });
  const gram = open.map((a) => open.map((b) => dot(a.long, b.long) * dot(vectorOf(a), vectorOf(b))));
  const solution = solve(gram, products);
  for (let period = 1; period < periods; period++)
    for (let vector = 0; vector < s.rank; vector++) {
      const at = open.findIndex((part) => part.period === period && part.source === period - 1 && part.vector === vector);
      const same = at < 0 || (solution[at] as number) >= 0;
      (signs[period] as number[])[vector] = (signs[period - 1]?.[vector] ?? 1) * (same ? 1 : -1);
    }
  return { signs, inferred: open.filter((part) => part.source === part.period - 1).length };
}

/** Solves a symmetric positive system by Cholesky's method, with a trace of its diagonal added. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const lower = matrix.map((row) => Float64Array.from(row));
  for (let j = 0; j < n; j++) {
    const row = lower[j] as Float64Array;
    let pivot = (row[j] as number) * (1 + 1e-10);
    for (let k = 0; k < j; k++) pivot -= (row[k] as number) ** 2;
    const root = Math.sqrt(Math.max(pivot, 1e-300));
    row[j] = root;
    for (let i = j + 1; i < n; i++) {
      const other = lower[i] as Float64Array;
      let sum = other[j] as number;
      for (let k = 0; k < j; k++) sum -= (other[k] as number) * (row[k] as number);
      other[j] = sum / root;
    }
  }
  const x = [...right];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - (lower[i]?.[k] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (lower[i]?.[i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = (x[i] as number) - (lower[k]?.[i] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (lower[i]?.[i] as number);
  }
  return x;
}
