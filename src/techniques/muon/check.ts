import type { TechniqueCheck } from '../../runner/checks/context';
import { replayRule, reportElements, reportTrajectory, sampleGradients } from '../../runner/checks/optimizer';
import { type Array64, plus, productNn, productNt, productTn, scaled } from '../../runner/reference/arrays';
import { adamDirection, adamState } from '../../runner/reference/optimizers';
import { MUON, MUON_ADAM, muonRule, updateScale } from './webgpu';

const [STEPS, RATE] = [6, 0.01];

/** Trajectories of wide and tall matrices and of a vector against double precision, and the state as it is stated. */
export const check: TechniqueCheck = async ({ opened, seed, use, report }) => {
  const rule = muonRule(Number(use.args.steps));
  for (const [m, n] of [
    [24, 56],
    [40, 24],
  ] as const) {
    const { gradients, before } = sampleGradients(m * n, STEPS, seed + m);
    const weight = { name: 'attn.q', shape: [m, n], role: 'linear' as const };
    const run = await replayRule(opened, rule, gradients, before, RATE, { weight });
    let [momentum, wanted]: [Array64, Array64] = [new Float64Array(m * n), before];
    for (const gradient of gradients) {
      const own = scaled(gradient, 1 - MUON.beta);
      momentum = plus(scaled(momentum, MUON.beta), own);
      const direction = orthogonalised(plus(own, scaled(momentum, MUON.beta)), m, n, Number(use.args.steps));
      wanted = plus(wanted, scaled(direction, -RATE * updateScale([m, n])));
    }
    const of = `${m} × ${n} weights`;
    const why = 'a step multiplies what float32 rounds off a small singular value by 3.4 at most';
    reportTrajectory(report, of, run, wanted, 1e-4, why);
    reportElements(report, of, run, m * n, 'one momentum an element');
  }
  const { gradients, before } = sampleGradients(200, STEPS, seed);
  const run = await replayRule(opened, rule, gradients, before, RATE);
  const state = adamState(before.length);
  const wanted = gradients.reduce(
    (weights, gradient, step) =>
      plus(weights, scaled(adamDirection(state, gradient, step + 1, { ...MUON_ADAM, rate: RATE }), -1)),
    before,
  );
  reportTrajectory(report, '200 weights that are no matrix', run, wanted, 1e-5, 'Adam’s roundings in float32');
};

/** Newton–Schulz in double precision, as the paper writes it: x ← a · x + (b · A + c · A²) · x, on the side that is smaller. */
function orthogonalised(gradient: Array64, m: number, n: number, steps: number): Array64 {
  const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
  let x = scaled(gradient, 1 / (norm + 1e-7));
  const small = Math.min(m, n);
  for (let step = 0; step < steps; step++) {
    const gram = m <= n ? productNt(x, x, m, m, n) : productTn(x, x, n, n, m);
    const mixed = plus(scaled(gram, MUON.b), scaled(productNn(gram, gram, small, small, small), MUON.c));
    const turned = m <= n ? productNn(mixed, x, m, n, m) : productNn(x, mixed, m, n, n);
    x = plus(scaled(x, MUON.a), turned);
  }
  return x;
}
