/** GaLore's update on the runner's engine. Zhao et al., arXiv:2403.03507; sides, order and forms as in galore_torch. */

import type { Use } from '../../plan/types';
import type { Weight } from '../../plan/weights';
import type { Tensor, Trace } from '../../tape/trace';
import { make, matmul, type Occasion, plainRows } from '../../tape/webgpu/ops';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { ADAM, adamwRule, type InnerRule } from '../adamw/webgpu';
import { adamw8bitRule } from '../adamw8bit/webgpu';
import { number, use } from '../arguments';
import { projected, projects } from './memory';

export type Side = 'left' | 'right';

export interface GaloreSettings {
  rank: number;
  /** Steps between two refreshes of the subspace. */
  every: number;
  scale: number;
  /** Decoupled decay after the update, by the plain learning rate. */
  decay: number;
  /** Compresses a matrix's smaller side unless told. */
  side?: Side;
  /** Factors ±1 for the basis vectors of a refresh, [rank]; for comparing with a basis whose signs were chosen elsewhere. */
  signs?: Tensor;
}

/** The rule of a stated `galore(…)`, with the authors' constants: epsilon 1e-6 with AdamW inside, 1e-8 with its 8-bit form. */
export function galoreWebgpu(args: Use['args']): OptimizerRule {
  const stated = use(args.inner) ?? { name: 'adamw', args: {} };
  const settings = { ...ADAM, form: 'transformers' as const };
  const inner =
    stated.name === 'adamw8bit'
      ? adamw8bitRule(Number(stated.args.block ?? 256), settings, stated.args['wide-embeddings'] === true)
      : adamwRule({ ...settings, epsilon: 1e-6 });
  return galoreRule({ rank: number(args, 'rank'), every: number(args, 'every'), scale: number(args, 'scale'), decay: 0 }, inner);
}

/** Sweeps of Jacobi rotations: pairs of rows are orthogonal to single precision well before. */
const SWEEPS = 10;
/** Rows that a subspace iteration carries beyond the rank, and its number of iterations. */
const EXTRA_ROWS = 8;
const ITERATIONS = 4;

/** Rows that the decomposition rotates: all of the smaller side, or a few more than the rank where that is much less. */
export const rowsRotated = (rank: number, small: number): number => (2 * (rank + EXTRA_ROWS) > small ? small : rank + EXTRA_ROWS);

export function galoreRule(settings: GaloreSettings, inner: InnerRule): OptimizerRule {
  return {
    states: (weight) => {
      if (!projects(weight)) return inner.states(weight);
      const { projector, low } = shapes(weight.shape, settings);
      return [{ name: 'projector', shape: projector, dtype: 'fp32' }, ...inner.states({ ...weight, shape: low })];
    },
    update: (update) => {
      const { trace, weight, parameter, gradient, states } = update;
      if (!projects(weight)) return inner.update(update);
      const [projector, ...moments] = states as [Tensor, ...Tensor[]];
      refresh(trace, weight, gradient, projector, settings, { every: settings.every });
      stepInside(trace, weight, { parameter, gradient, projector, moments }, settings, inner);
      if (settings.decay > 0)
        trace.op({ op: 'decay', label: weight.name, reads: [parameter], writes: [parameter], attrs: { decay: settings.decay } });
    },
  };
}

/** Projects the gradient, lets the inner optimizer turn it into its update, and adds that, projected back, to the parameter. */
export function stepInside(
  trace: Trace,
  weight: Weight,
  tensors: { parameter: Tensor; gradient: Tensor; projector: Tensor; moments: readonly Tensor[] },
  settings: Pick<GaloreSettings, 'rank' | 'side' | 'scale'>,
  inner: InnerRule,
): void {
  const { parameter, gradient, projector, moments } = tensors;
  const { low, side, rank } = shapes(weight.shape, settings);
  const [m, n] = weight.shape as [number, number];
  const label = weight.name;
  const r = make(trace, 'projected', low, 'temporary');
  if (side === 'right')
    matmul(trace, { form: 'nt', rows: plainRows(m), a: gradient, b: projector, out: r, n: rank, k: n, label });
  else matmul(trace, { form: 'tn', rows: plainRows(m), a: projector, b: gradient, out: r, n, k: rank, label });
  inner.direction(trace, r, moments, settings.scale, label);
  const back = { rows: plainRows(m), out: parameter, n, k: rank, accumulate: true, label };
  if (side === 'right') matmul(trace, { form: 'nn', a: r, b: projector, ...back });
  else matmul(trace, { form: 'nn', a: projector, b: r, ...back });
  trace.release(r);
}

/** Shapes of projector and projected gradient, for the side asked for. */
export function shapes(shape: readonly number[], { rank, side }: Pick<GaloreSettings, 'rank' | 'side'>) {
  const standard = projected(shape, rank);
  if (!side || side === standard.side) return standard;
  const [m, n] = shape as [number, number];
  return side === 'right'
    ? { rank: standard.rank, projector: [standard.rank, n], low: [m, standard.rank], side }
    : { rank: standard.rank, projector: [m, standard.rank], low: [standard.rank, n], side };
}

/**
 * The singular vectors of the gradient on the compressed side. Where the rank is a small part of that side, a subspace
 * iteration finds a few more vectors than are wanted first; one-sided Jacobi then turns them into singular vectors.
 */
export function refresh(
  trace: Trace,
  weight: Weight,
  gradient: Tensor,
  projector: Tensor,
  settings: Pick<GaloreSettings, 'rank' | 'side' | 'signs'>,
  when: Occasion,
): void {
  const [m, n] = weight.shape as [number, number];
  const { side, rank } = shapes(weight.shape, settings);
  const [small, large] = side === 'right' ? [n, m] : [m, n];
  const count = rowsRotated(rank, small);
  const label = `${weight.name}.refresh`;
  const work = make(trace, 'work', [count, large], 'temporary');
  const basis = make(trace, 'basis', [count, small], 'temporary');
  const orthonormalize = (rows: Tensor) =>
    trace.op({ op: 'galore_orthonormalize', label, reads: [rows], writes: [rows], attrs: { ...when, count } });
  // rows · (gradient with its compressed side as rows), and back.
  const shared = { rows: plainRows(count), label, when };
  const out = () =>
    side === 'right'
      ? matmul(trace, { ...shared, form: 'nt', a: basis, b: gradient, out: work, n: m, k: n })
      : matmul(trace, { ...shared, form: 'nn', a: basis, b: gradient, out: work, n, k: m });
  const back = () =>
    side === 'right'
      ? matmul(trace, { ...shared, form: 'nn', a: work, b: gradient, out: basis, n, k: m })
      : matmul(trace, { ...shared, form: 'nt', a: work, b: gradient, out: basis, n: m, k: n });
  if (count === small)
    trace.op({
      op: 'galore_start',
      label,
      reads: [gradient],
      writes: [work, basis],
      attrs: { ...when, small, large, transpose: side === 'right' },
    });
  else {
    trace.op({ op: 'galore_random', label, writes: [basis], attrs: { ...when } });
    orthonormalize(basis);
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      out();
      orthonormalize(work);
      back();
      orthonormalize(basis);
    }
    out();
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    trace.op({
      op: 'galore_jacobi',
      label,
      reads: [work, basis],
      writes: [work, basis],
      flops: 6 * count * count * (large + small / 2),
      attrs: { ...when, count },
    });
  const values = make(trace, 'values', [count], 'temporary');
  trace.op({
    op: 'galore_select',
    label,
    reads: [work, basis, ...(settings.signs ? [settings.signs] : [])],
    writes: [projector],
    temps: [values],
    attrs: { ...when, count, rank, columns: side === 'left' },
  });
  trace.release(work, basis);
}
