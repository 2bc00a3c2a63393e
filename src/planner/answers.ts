/** What a plan's questions come to: `require`, `find`, `sweep`, `compare`, each answered by estimating. */
import { formatBytes, formatCount } from '../plan/format';
import type { Plan } from '../plan/types';
import { refusalsOf } from '../techniques/compatibility';
import { type Condition, evaluate, holds } from './expression';
import { type Knob, knobOf, type Path, pathText } from './knobs';
import { CATEGORIES, type Estimate, PART_NAMES } from './types';

export type Estimator = (plan: Plan) => Estimate;

/** Both sides of a condition; `holds` is undefined where a plan that it names has no estimate. */
export interface Verdict {
  left: number;
  right: number;
  holds?: boolean;
}

export function judge(condition: Condition, own: Estimate, estimateOf: (plan: string) => Estimate | undefined): Verdict {
  const lookup = (plan: string | undefined) => (plan === undefined || plan === own.name ? own : estimateOf(plan));
  const left = evaluate(condition.left, lookup);
  const right = evaluate(condition.right, lookup);
  return Number.isNaN(left) || Number.isNaN(right)
    ? { left, right }
    : { left, right, holds: holds(condition.operator, left, right) };
}

export interface Answer {
  /** Absent where no value serves. */
  value?: number;
  /** The value is the end of its range: nothing larger (or smaller) may be written. */
  atLimit?: boolean;
  /** Not monotone: this value, on the near side of the one found, does not serve. There may be others that serve farther off. */
  uneven?: number;
  /** The farthest value whose tensors would fit, where it is not the one found: up to there the allocator's arrangement decides. */
  arranged?: number;
  /** The condition, by its place among those asked for, that the next value, or without a value the one that asks for least, breaks although it fits. */
  breaks?: number;
  /** Why there is none. */
  reason?: string;
}

/** Fractions are looked for in steps of this size. */
const FRACTION = 0.01;

/**
 * The largest or smallest value of a number, whole or in hundredths, at which the plan fits its card and holds what it requires. By
 * bisection, with values beyond the border tried too: rounding and changes of the peak's place make the border uneven.
 */
export const find = (...args: Parameters<typeof findSteps>): Answer => finish(findSteps(...args));

/** The same search, yielding after every estimate, so that others can have their turn. */
export function* findSteps(
  plan: Plan,
  path: Path,
  goal: 'max' | 'min',
  estimator: Estimator,
  conditions: readonly Condition[] = [],
  estimateOf: (plan: string) => Estimate | undefined = () => undefined,
): Generator<void, Answer> {
  const knob = knobOf(plan, path);
  if ('problem' in knob) return { reason: knob.problem };
  const steps = stepsOf(knob);
  const at = (step: number): Plan => bare(knob.set(steps.value(step)));
  const asked = (step: number, fits: (estimate: Estimate) => boolean): boolean => {
    const changed = at(step);
    // What cannot be shared by so many cards does not serve.
    if (refusalsOf(changed).length > 0) return false;
    const estimate = estimator(changed);
    return fits(estimate) && conditions.every((condition) => judge(condition, estimate, estimateOf).holds !== false);
  };
  const serves = (step: number): boolean => asked(step, ({ fits }) => fits);
  /** Which condition a value breaks that fits the card; −1 where none does. */
  const brokenAt = (step: number): number => {
    const changed = at(step);
    if (conditions.length === 0 || refusalsOf(changed).length > 0) return -1;
    const estimate = estimator(changed);
    return estimate.fits ? conditions.findIndex((condition) => judge(condition, estimate, estimateOf).holds === false) : -1;
  };
  const found = yield* extremeSteps(steps, goal, serves);
  if (found === undefined) return nothingServes(path, steps, at, estimator, brokenAt, conditions.length > 0);
  const value = steps.value(found.value);
  const uneven = found.uneven === undefined ? {} : { uneven: steps.value(found.uneven) };
  if (found.value === (goal === 'max' ? steps.max : steps.min)) return { value, atLimit: true, ...uneven };
  const breaks = brokenAt(found.value + (goal === 'max' ? 1 : -1));
  const liveFits = (step: number): boolean => asked(step, ({ peak, usable }) => peak.allocated <= usable);
  const arranged = yield* borderSteps(found.value, goal, steps, liveFits);
  return {
    value,
    ...uneven,
    ...(arranged === found.value ? {} : { arranged: steps.value(arranged) }),
    ...(breaks < 0 ? {} : { breaks }),
  };
}

interface Steps extends Pick<Knob, 'min' | 'max' | 'current'> {
  value(step: number): number;
}

/** A number's values, counted: itself where it is whole, and otherwise its hundredths. */
function stepsOf({ whole, min, max, exclusiveMax, current }: Knob): Steps {
  if (whole) return { min, max, current, value: (step) => step };
  const most = Math.floor(max / FRACTION + 1e-6);
  return {
    min: Math.ceil(min / FRACTION - 1e-6),
    max: exclusiveMax && most * FRACTION >= max ? most - 1 : most,
    current: Math.round(current / FRACTION),
    value: (step) => Number((step * FRACTION).toFixed(2)),
  };
}

/** Why no value serves: what stays of the peak at the end of the range that asks for least. */
function nothingServes(
  path: Path,
  { min, max, value }: Steps,
  at: (step: number) => Plan,
  estimator: Estimator,
  brokenAt: (step: number) => number,
  conditional: boolean,
): Answer {
  const why = conditional ? 'no value fits the card and holds what is required' : 'no value fits the card';
  const [least] = [min, max]
    .filter((end) => refusalsOf(at(end)).length === 0)
    .map((end) => ({ end, ...estimator(at(end)) }))
    .sort((a, b) => a.peak.allocated - b.peak.allocated);
  if (!least) return { reason: why };
  const { end, peak, usable, fits, categories } = least;
  const setting = `\`${pathText(path)} ${formatCount(value(end))}\``;
  const breaks = brokenAt(end);
  if (fits && breaks >= 0) return { reason: `${why}: with ${setting} it fits`, breaks };
  if (peak.allocated <= usable) return { reason: why };
  const [part, bytes] = CATEGORIES.map((category) => [category, categories[category]] as const).reduce((most, one) =>
    one[1] > most[1] ? one : most,
  );
  const need = `${formatBytes(peak.allocated)}, the largest part ${PART_NAMES[part]}, ${formatBytes(bytes)}`;
  return { reason: `${why}: with ${setting} its tensors need ${need}` };
}

/** A search needs the peak, not the steps that led to it. */
const bare = (plan: Plan): Plan => ({ ...plan, order: [] });

/** Multiples of a border at which a value that serves is still looked for. */
const BEYOND = [1.01, 1.1, 1.5, 2, 3, 4];

/** Places between the near end and the border where a value that does not serve is still looked for. */
const WITHIN = [0, 0.25, 0.5, 0.75, 0.9];

/** The last value that serves when one goes on from one that does, by doubling the way and bisecting. */
function* borderSteps(
  from: number,
  goal: 'max' | 'min',
  { min, max }: Pick<Knob, 'min' | 'max'>,
  serves: (value: number) => boolean,
): Generator<void, number> {
  const at = (way: number): number => (goal === 'max' ? Math.min(max, from + way) : Math.max(min, from - way));
  let good = 0;
  let bad = 1;
  while (serves(at(bad))) {
    yield;
    if (at(bad) === at(2 * bad)) return at(bad);
    good = bad;
    bad *= 2;
  }
  while (bad - good > 1) {
    const middle = Math.trunc((good + bad) / 2);
    if (serves(at(middle))) good = middle;
    else bad = middle;
    yield;
  }
  return at(good);
}

export interface Extreme {
  value: number;
  /** A value on the near side that does not serve. */
  uneven?: number;
}

/**
 * The extreme value that serves and whose neighbour does not, by doubling away from the near end and bisecting; undefined where none
 * was met. Values are tried on both sides of it, so that a range with gaps is noticed.
 */
export const extreme = (...args: Parameters<typeof extremeSteps>): Extreme | undefined => finish(extremeSteps(...args));

/** The same search, yielding after every value that is tried. */
export function* extremeSteps(
  { min, max, current }: Pick<Knob, 'min' | 'max' | 'current'>,
  goal: 'max' | 'min',
  serves: (value: number) => boolean,
): Generator<void, Extreme | undefined> {
  const known = new Map<number, boolean>();
  function* ask(value: number): Generator<void, boolean> {
    const before = known.get(value);
    if (before !== undefined) return before;
    const answer = serves(value);
    known.set(value, answer);
    yield;
    return answer;
  }
  const [near, far] = goal === 'max' ? [min, max] : [max, min];
  /** The next value away from the near end: steps grow as the values do. */
  const doubled = (value: number): number =>
    goal === 'max' ? Math.min(far, Math.max(value + 1, value * 2)) : Math.max(far, Math.min(value - 1, Math.floor(value / 2)));
  let good: number | undefined;
  for (const value of [current, near])
    if (good === undefined && value >= min && value <= max && (yield* ask(value))) good = value;
  for (let value = near; good === undefined && value !== far; ) {
    value = doubled(value);
    if (yield* ask(value)) good = value;
  }
  if (good === undefined) return undefined;
  for (;;) {
    let bad: number | undefined;
    for (let value = good; value !== far && bad === undefined; ) {
      value = doubled(value);
      if (yield* ask(value)) good = value;
      else bad = value;
    }
    if (bad === undefined) break;
    while (Math.abs(bad - good) > 1) {
      const middle: number = Math.trunc((good + bad) / 2);
      if (yield* ask(middle)) good = middle;
      else bad = middle;
    }
    let better: number | undefined;
    for (const factor of BEYOND) {
      const value: number = goal === 'max' ? Math.ceil(good * factor) : Math.floor(good / factor);
      if (value >= min && value <= max && value !== bad && (yield* ask(value))) better = value;
    }
    if (better === undefined) break;
    good = better;
  }
  const value: number = good;
  const beside = goal === 'max' ? value - 1 : value + 1;
  if (beside >= min && beside <= max) yield* ask(beside);
  for (const share of WITHIN) yield* ask(Math.round(near + share * (value - near)));
  const nearer = [...known].filter(([at, served]) => !served && (goal === 'max' ? at < value : at > value));
  const [uneven] = nearer.map(([at]) => at).sort((a, b) => Math.abs(a - value) - Math.abs(b - value));
  return { value, ...(uneven === undefined ? {} : { uneven }) };
}

/** Runs a search to its end. */
export function finish<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

export interface SweepPoint {
  value: number;
  allocated: number;
  fits: boolean;
}

/** One estimate for each value. */
export const sweep = (...args: Parameters<typeof sweepSteps>): SweepPoint[] => finish(sweepSteps(...args));

export function* sweepSteps(
  plan: Plan,
  path: Path,
  values: readonly number[],
  estimator: Estimator,
): Generator<void, SweepPoint[]> {
  const knob = knobOf(plan, path);
  const points: SweepPoint[] = [];
  if ('problem' in knob) return points;
  for (const value of values) {
    const changed = bare(knob.set(value));
    // What cannot be shared by so many cards has no point; it is reported where it is written.
    if (refusalsOf(changed).length > 0) continue;
    const { peak, fits } = estimator(changed);
    points.push({ value, allocated: peak.allocated, fits });
    yield;
  }
  return points;
}
