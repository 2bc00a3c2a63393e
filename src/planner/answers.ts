/** What a plan's questions come to: `require`, `find`, `sweep`, `compare`, each answered by estimating. */
import { formatBytes, formatQuantity, type Unit } from '../plan/format';
import type { Plan } from '../plan/types';
import { type Condition, evaluate, holds } from './expression';
import { type Knob, knobOf, type Path, pathText, possible } from './knobs';
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
  /** Not monotone: this value, on the near side of the one found, does not serve; those between the two do, as far as bisecting tells. */
  uneven?: number;
  /** The farthest value whose tensors would fit, where it is not the one found: up to there the allocator's arrangement decides. */
  arranged?: number;
  /** The condition, by its place among those asked for, that the next value, or without a value the one that asks for least, breaks although it fits. */
  breaks?: number;
  /** The next value fits the card, and its host has not the memory for what is put there. */
  host?: true;
  /** What the values are counted in, where they are no mere counts. */
  unit?: Unit;
  /** Why there is none. */
  reason?: string;
}

/**
 * The largest or smallest value of a number, in steps of its grain, at which the plan fits its card and its host and holds what it
 * requires. By bisection, with values beyond the border tried too: rounding and changes of the peak's place make the border uneven.
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
  const unit = knob.unit === undefined ? {} : { unit: knob.unit };
  const values = valuesOf(knob, goal);
  const { at, near, far } = values;
  const kept = (estimate: Estimate): boolean =>
    conditions.every((condition) => judge(condition, estimate, estimateOf).holds !== false);
  const holdsAt = (step: number, fits: (estimate: Estimate, plan: Plan) => boolean): boolean => {
    const changed = at(step);
    const estimate = estimator(changed);
    return fits(estimate, changed) && kept(estimate);
  };
  const known = new Map<number, boolean>();
  const serves = (step: number): boolean | undefined => {
    const possible = values.toward(step, near);
    if (possible === undefined) return undefined;
    const answer = known.get(possible) ?? holdsAt(possible, (estimate, changed) => estimate.fits && onHost(estimate, changed));
    known.set(possible, answer);
    return answer;
  };
  /** What ends a search at a value that does not serve, although it fits the card. */
  const endsAt = (step: number): Pick<Answer, 'breaks' | 'host'> => {
    const changed = at(step);
    const estimate = estimator(changed);
    if (!estimate.fits) return {};
    const breaks = conditions.findIndex((condition) => judge(condition, estimate, estimateOf).holds === false);
    return breaks >= 0 ? { breaks } : onHost(estimate, changed) ? {} : { host: true };
  };
  const found = yield* extremeSteps(values, goal, serves);
  const last = found && values.toward(found.value, near);
  if (found === undefined || last === undefined)
    return { ...nothingServes(path, values, estimator, endsAt, conditions.length > 0, knob.unit), ...unit };
  const value = values.value(last);
  const gap = found.uneven === undefined ? undefined : values.toward(found.uneven, near);
  const uneven = gap === undefined ? {} : { uneven: values.value(gap) };
  const beyond = last === far ? undefined : values.toward(last + (goal === 'max' ? 1 : -1), far);
  if (beyond === undefined) return { value, atLimit: true, ...uneven, ...unit };
  const liveFits = (step: number): boolean => {
    const possible = values.toward(step, near);
    if (possible === undefined || possible === last) return possible === last;
    return holdsAt(possible, (made, changed) => made.peak.allocated <= made.usable && onHost(made, changed));
  };
  const arranged = values.toward(yield* borderSteps(last, goal, values, liveFits), near) ?? last;
  return {
    value,
    ...uneven,
    ...(arranged === last ? {} : { arranged: values.value(arranged) }),
    ...endsAt(beyond),
    ...unit,
  };
}

/** The host holds what a card puts there, as far as is known: its `host-memory`. */
const onHost = ({ host }: Estimate, { device }: Plan): boolean => (host?.cpu ?? 0) <= device.hostMemory;

interface Values extends Pick<Knob, 'min' | 'max' | 'current'> {
  /** The end from which a search goes, and the one to which it goes. */
  near: number;
  far: number;
  value(step: number): number;
  at(step: number): Plan;
  /** The first step from one on, towards an end, whose value may be written: heads that divide a width, cards that can share it. */
  toward(step: number, end: number): number | undefined;
}

/** Steps without a possible value after which a range is taken to have no more of them. */
const REACH = 1024;

/** A number's values, counted in its grains. */
function valuesOf({ min: least, max: most, exclusiveMax, current, grain = 1, set }: Knob, goal: 'max' | 'min'): Values {
  const last = Math.floor(most / grain + 1e-6);
  const min = Math.ceil(least / grain - 1e-6);
  const max = exclusiveMax && last * grain >= most ? last - 1 : last;
  const value = (step: number): number => (grain < 1 ? Number((step * grain).toFixed(2)) : step * grain);
  const at = (step: number): Plan => bare(set(value(step)));
  const known = new Map<number, boolean>();
  const isPossible = (step: number): boolean => {
    const answer = known.get(step) ?? possible(at(step));
    known.set(step, answer);
    return answer;
  };
  const toward = (step: number, end: number): number | undefined => {
    const way = Math.sign(end - step);
    for (let tried = 0; tried <= Math.min(REACH, Math.abs(end - step)); tried++)
      if (isPossible(step + way * tried)) return step + way * tried;
    return undefined;
  };
  const [near, far] = goal === 'max' ? [min, max] : [max, min];
  return { min, max, current: Math.round(current / grain), near, far, value, at, toward };
}

/** Why no value serves: what stays of the peak at the end of the range that asks for least. */
function nothingServes(
  path: Path,
  { near, far, value, at, toward }: Values,
  estimator: Estimator,
  endsAt: (step: number) => Pick<Answer, 'breaks' | 'host'>,
  conditional: boolean,
  unit: Knob['unit'],
): Answer {
  const why = conditional ? 'no value fits the card and holds what is required' : 'no value fits the card';
  const [least] = [toward(near, far), toward(far, near)]
    .flatMap((end) => (end === undefined ? [] : [{ end, ...estimator(at(end)) }]))
    .sort((a, b) => a.peak.allocated - a.usable - (b.peak.allocated - b.usable));
  if (!least) return { reason: why };
  const { end, peak, usable, fits, categories, host } = least;
  const setting = `\`${pathText(path)} ${formatQuantity(value(end), unit)}\``;
  const { breaks, host: full } = endsAt(end);
  if (fits && breaks !== undefined) return { reason: `${why}: with ${setting} it fits`, breaks };
  if (full) return { reason: `no value fits the host: with ${setting} it must hold ${formatBytes(host?.cpu ?? 0)}` };
  if (peak.allocated <= usable)
    return {
      reason: `${why}: with ${setting} ${formatBytes(peak.allocated)} of tensors would, not with what the allocator holds beyond them`,
    };
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

/** Places between the near end and the border where a value that does not serve is still looked for: it is the border that is uneven. */
const WITHIN = [0, 0.5, 0.75, 0.9, 0.98, 0.99, 0.996, 0.998];

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
 * was met. Values are tried on both sides of it, so that a range with gaps is noticed. A value that is none (undefined) makes no gap.
 */
export const extreme = (...args: Parameters<typeof extremeSteps>): Extreme | undefined => finish(extremeSteps(...args));

/** The same search, yielding after every value that is tried. */
function* extremeSteps(
  { min, max, current }: Pick<Knob, 'min' | 'max' | 'current'>,
  goal: 'max' | 'min',
  serves: (value: number) => boolean | undefined,
): Generator<void, Extreme | undefined> {
  const known = new Map<number, boolean | undefined>();
  function* ask(value: number): Generator<void, boolean> {
    if (known.has(value)) return known.get(value) ?? false;
    const answer = serves(value);
    known.set(value, answer);
    yield;
    return answer ?? false;
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
  const nearer = [...known].filter(([at, served]) => served === false && (goal === 'max' ? at < value : at > value));
  let [uneven] = nearer.map(([at]) => at).sort((a, b) => Math.abs(a - value) - Math.abs(b - value));
  if (uneven === undefined) return { value };
  // Where the gap begins, as far as bisecting tells.
  for (let serving = value; Math.abs(serving - uneven) > 1; ) {
    const middle: number = Math.trunc((serving + uneven) / 2);
    if ((yield* ask(middle)) || known.get(middle) === undefined) serving = middle;
    else uneven = middle;
  }
  return { value, uneven };
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
  /** The card, and its host where something is put there. */
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
    if (!possible(changed)) continue;
    const made = estimator(changed);
    points.push({ value, allocated: made.peak.allocated, fits: made.fits && onHost(made, changed) });
    yield;
  }
  return points;
}
