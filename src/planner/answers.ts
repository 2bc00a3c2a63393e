/** What a plan's questions come to: `require`, `find`, `sweep`, `compare`, each answered by estimating. */
import type { Plan } from '../plan/types';
import { type Condition, evaluate, holds } from './expression';
import { type Knob, knobOf, type Path } from './knobs';
import type { Estimate } from './types';

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
  /** Why there is none. */
  reason?: string;
}

/**
 * The largest or smallest whole value of a number at which the plan fits its card and holds what it requires. By bisection, with
 * values beyond the border tried too: rounding and changes of the peak's place make the border uneven.
 */
export function find(
  plan: Plan,
  path: Path,
  goal: 'max' | 'min',
  estimator: Estimator,
  conditions: readonly Condition[] = [],
  estimateOf: (plan: string) => Estimate | undefined = () => undefined,
): Answer {
  const knob = knobOf(plan, path);
  if ('problem' in knob) return { reason: knob.problem };
  const serves = (value: number): boolean => {
    const estimate = estimator(bare(knob.set(value)));
    return estimate.fits && conditions.every((condition) => judge(condition, estimate, estimateOf).holds !== false);
  };
  const found = extreme(knob, goal, serves);
  if (found === undefined)
    return { reason: conditions.length > 0 ? 'no value fits the card and holds what is required' : 'no value fits the card' };
  return { value: found, ...(found === (goal === 'max' ? knob.max : knob.min) ? { atLimit: true } : {}) };
}

/** A search needs the peak, not the steps that led to it. */
const bare = (plan: Plan): Plan => ({ ...plan, order: [] });

/** Multiples of a border at which a value that serves is still looked for. */
const BEYOND = [1.01, 1.1, 1.5, 2, 4];

/** The extreme value that serves, by doubling away from the near end and bisecting; undefined where none was met. */
export function extreme(
  { min, max, current }: Pick<Knob, 'min' | 'max' | 'current'>,
  goal: 'max' | 'min',
  serves: (value: number) => boolean,
): number | undefined {
  const known = new Map<number, boolean>();
  const ask = (value: number): boolean => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const answer = serves(value);
    known.set(value, answer);
    return answer;
  };
  const [near, far] = goal === 'max' ? [min, max] : [max, min];
  /** Value at `share` of the way from the near end: steps grow as the values do. */
  const doubled = (value: number): number => {
    if (goal === 'max') return Math.min(far, Math.max(value + 1, value * 2));
    return Math.max(far, Math.min(value - 1, Math.floor(value / 2)));
  };
  let good = [current, near].find((value) => value >= min && value <= max && ask(value));
  for (let value = near; good === undefined && value !== far; ) {
    value = doubled(value);
    if (ask(value)) good = value;
  }
  if (good === undefined) return undefined;
  for (;;) {
    let bad: number | undefined;
    for (let value = good; value !== far && bad === undefined; ) {
      value = doubled(value);
      if (ask(value)) good = value;
      else bad = value;
    }
    if (bad === undefined) return good;
    while (Math.abs(bad - good) > 1) {
      const middle: number = Math.trunc((good + bad) / 2);
      if (ask(middle)) good = middle;
      else bad = middle;
    }
    const border: number = good;
    const further = BEYOND.map((factor) => (goal === 'max' ? Math.ceil(border * factor) + 1 : Math.floor(border / factor) - 1));
    const better = further.filter((value) => value >= min && value <= max && value !== bad).findLast(ask);
    if (better === undefined) return good;
    good = better;
  }
}

export interface SweepPoint {
  value: number;
  allocated: number;
  fits: boolean;
}

/** One estimate for each value. */
export function sweep(plan: Plan, path: Path, values: readonly number[], estimator: Estimator): SweepPoint[] {
  const knob = knobOf(plan, path);
  if ('problem' in knob) return [];
  return values.map((value) => {
    const { peak, fits } = estimator(bare(knob.set(value)));
    return { value, allocated: peak.allocated, fits };
  });
}
