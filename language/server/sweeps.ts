/** A plan's sweeps as curves: the plan and others over the same values, and where each crosses its card's usable memory. */
import type { Plan } from '../../src/plan/types';
import { knobOf, type Path, pathText, possible } from '../../src/planner/knobs';
import type { Estimate, SweepCurves } from '../../src/protocol';
import type { Analysis, PlanAnalysis } from './analyze';
import type { EstimateCache } from './estimates';
import { Lines } from './span';

type Curve = SweepCurves['curves'][number];

/** Curves of a plan's sweeps, or of its sequence where the file asks for none. Yields after every estimate. */
export function* sweepSteps(
  analysis: Analysis,
  plan: PlanAnalysis,
  others: readonly PlanAnalysis[],
  cache: EstimateCache,
): Generator<void, SweepCurves[]> {
  const { plan: data } = plan;
  if (!data) return [];
  const lines = new Lines(analysis.text);
  const asked = plan.sweeps.map(({ path, values, span }) => ({ path, values, place: lines.place(span) }));
  const sweeps: SweepCurves[] = [];
  for (const { path, values, place } of asked.length > 0
    ? asked
    : [{ path: { name: 'sequence' }, values: around(data.sequence), place: null }]) {
    const knob = knobOf(data, path);
    if ('problem' in knob) continue;
    const curves: Curve[] = [];
    for (const one of [data, ...others.flatMap((other) => other.plan ?? [])]) {
      const curve = yield* curveSteps(one, path, values, cache);
      if (curve.points.length > 0) curves.push(curve);
    }
    sweeps.push({ path: pathText(path), ...(knob.unit ? { unit: knob.unit } : {}), place, curves });
  }
  return sweeps;
}

/** An eighth of a value to eight times as much. */
const around = (value: number): number[] => [
  ...new Set([-3, -2, -1, 0, 1, 2, 3].map((power) => Math.max(1, Math.round(value * 2 ** power)))),
];

function* curveSteps(plan: Plan, path: Path, values: readonly number[], cache: EstimateCache): Generator<void, Curve> {
  const knob = knobOf(plan, path);
  const { memory, reserve } = plan.device;
  const curve: Curve = { plan: plan.name, usable: memory - reserve, points: [], crossing: null };
  if ('problem' in knob) return curve;
  const { grain = 1 } = knob;
  const at = (value: number): Estimate | undefined => {
    if (value < knob.min || value > knob.max) return undefined;
    const changed = { ...knob.set(value), order: [] };
    const made = possible(changed) ? cache.get(changed) : undefined;
    return made && 'estimate' in made ? made.estimate : undefined;
  };
  let last: { value: number; fits: boolean } | undefined;
  for (const value of [...values].sort((a, b) => a - b)) {
    const made = at(value);
    yield;
    if (!made) continue;
    if (last?.fits && !made.fits)
      curve.crossing = yield* crossingSteps(
        (step) => at(Number((step * grain).toFixed(2))),
        Math.round(last.value / grain),
        Math.round(value / grain),
        grain,
      );
    curve.points.push({ value, device: made.peak.device, fits: made.fits });
    last = { value, fits: made.fits };
  }
  return curve;
}

/** The largest step that fits, between one that does and one that does not. */
function* crossingSteps(
  at: (value: number) => Estimate | undefined,
  from: number,
  to: number,
  grain: number,
): Generator<void, Curve['crossing']> {
  let good = from;
  let bad = to;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (at(middle)?.fits) good = middle;
    else bad = middle;
    yield;
  }
  const made = at(good);
  return made ? { value: Number((good * grain).toFixed(2)), device: made.peak.device } : null;
}
