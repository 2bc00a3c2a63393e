/** Muon's update on the runner's engine; order and constants as in KellerJordan/Muon. */
import { make, matmul, plainRows } from '../../tape/webgpu/ops';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { ADAM, adamwRule, moments } from '../adamw/webgpu';
import { isMatrix, sides } from '../update';

/** Momentum, and the quintic a · x + b · x³ + c · x⁵ of a Newton–Schulz step. */
export const MUON = { beta: 0.95, a: 3.4445, b: -4.775, c: 2.0315 } as const;

/** The Adam of everything that is no matrix of a layer. */
export const MUON_ADAM = { ...ADAM, beta2: 0.95, epsilon: 1e-10 };

/** One rate serves both: an orthogonal update is made as large as Adam's usually is, 0.2 a weight (Liu et al., arXiv:2502.16982, §2.2). */
export const updateScale = (shape: readonly number[]): number => 0.2 * Math.sqrt(sides(shape).large);

/**
 * x ← a · x + (b · A + c · A²) · x, `steps` times, with A = x · xᵀ of the smaller side. It is done as y = (b + c · A) · x, then
 * x += A · y / a, then x · a: the gradient stays the only matrix beside one y, and no kernel binds a tensor twice.
 */
export function muonRule(steps: number): OptimizerRule {
  const adam = adamwRule(MUON_ADAM);
  return {
    states: (weight) => (isMatrix(weight) ? [{ name: 'momentum', shape: weight.shape, dtype: 'fp32' }] : moments(weight.shape)),
    update: (update) => {
      if (!isMatrix(update.weight)) return adam.update(update);
      const { trace, weight, parameter, gradient: x, states } = update;
      const { m, n, small } = sides(weight.shape);
      const label = weight.name;
      const squares = make(trace, 'squares', [m], 'temporary');
      const y = make(trace, 'successor', [m, n], 'temporary');
      const gram = make(trace, 'gram', [small, small], 'temporary');
      const polynomial = make(trace, 'polynomial', [small, small], 'temporary');
      const wide = m <= n;
      const shared = { rows: plainRows(m), label };
      trace.op({ op: 'muon_momentum', label, reads: [x, ...states], writes: [x, ...states, squares] });
      for (let step = 0; step < steps; step++) {
        trace.op({ op: 'muon_scale', label, reads: [x, squares], writes: [x, y], attrs: { first: step === 0 } });
        matmul(trace, { ...shared, form: wide ? 'nt' : 'tn', a: x, b: y, out: gram, n: small, k: n });
        trace.op({ op: 'muon_polynomial', label, reads: [gram], writes: [polynomial], attrs: { side: small } });
        const times = (square: typeof gram, matrix: typeof y) => (wide ? { a: square, b: matrix } : { a: matrix, b: square });
        matmul(trace, { ...shared, form: 'nn', ...times(polynomial, x), out: y, n, k: small });
        matmul(trace, { ...shared, form: 'nn', ...times(gram, y), out: x, n, k: small, alpha: 1 / MUON.a, accumulate: true });
      }
      trace.release(y, gram, polynomial, squares);
      const scale = MUON.a * updateScale(weight.shape);
      trace.op({ op: 'muon_apply', label, reads: [x, parameter], writes: [parameter], attrs: { scale } });
    },
  };
}
