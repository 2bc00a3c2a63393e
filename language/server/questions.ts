/** Answers to a plan's `find`, `sweep` and `compare`. */

import type { Unit } from '../../src/plan/format';
import { type Answer, findSteps, finish, type SweepPoint, sweepSteps } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { plansOf } from '../../src/planner/expression';
import { knobOf, pathText } from '../../src/planner/knobs';
import type { Analysis, PlanAnalysis } from './analyze';
import { type EstimateCache, estimateOf } from './estimates';
import type { Problem } from './problems';
import { Lines, type Span } from './span';

export interface FindAnswer extends Omit<Answer, 'breaks'> {
  /** The `require` that the next value breaks, as it is written. */
  limitedBy?: string;
  line: number;
  find: string;
  span: Span;
}
export interface SweepAnswer {
  line: number;
  key: string;
  span: Span;
  /** What the values are counted in, where they are no mere counts. */
  unit?: Unit;
  points: SweepPoint[];
}
export interface Comparison {
  line: number;
  to: string;
  span: Span;
  allocated: number;
  otherAllocated: number;
  step: number;
  otherStep: number;
  tokensPerSecond: number;
  otherTokensPerSecond: number;
}
export interface Answers {
  answers: FindAnswer[];
  sweeps: SweepAnswer[];
  comparisons: Comparison[];
}

/** Answers of a plan's `find`, `sweep` and `compare`. Searches estimate many plans; all of them are kept. */
export const answersOf = (...args: Parameters<typeof answerSteps>): Answers => finish(answerSteps(...args));

/** The same, yielding after every estimate. */
export function* answerSteps(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache): Generator<void, Answers> {
  const found: Answers = { answers: [], sweeps: [], comparisons: [] };
  const { plan: data } = plan;
  const made = data && cache.brief(data);
  if (!data || !made || 'failure' in made) return found;
  const lines = new Lines(analysis.text);
  const line = ({ start }: Span) => lines.position(start).line;
  const others = estimateOf(analysis, cache);
  const conditions = plan.requires.map(({ condition }) => condition);
  for (const { span, goal, path } of plan.finds) {
    const label = { line: line(span), find: `${goal} ${pathText(path)}`, span };
    try {
      const named = conditions
        .flatMap(({ left, right }) => [...plansOf(left), ...plansOf(right)])
        .map((name) => analysis.known.get(name));
      const search = () => findSteps(data, path, goal, estimate, conditions, others);
      const { breaks, ...answer } = yield* cache.answer([data, path, goal, conditions, named], search);
      const limitedBy = breaks === undefined ? undefined : plan.requires[breaks]?.text;
      if (answer.value === undefined && limitedBy !== undefined)
        found.answers.push({ ...label, reason: `${answer.reason}, and \`require ${limitedBy}\` does not hold` });
      else found.answers.push({ ...label, ...answer, ...(limitedBy === undefined ? {} : { limitedBy }) });
    } catch (error) {
      found.answers.push({ ...label, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  for (const { span, path, values } of plan.sweeps) {
    try {
      const points = yield* cache.answer([data, path, values], () => sweepSteps(data, path, values, estimate));
      const knob = knobOf(data, path);
      const unit = 'problem' in knob || !knob.unit ? {} : { unit: knob.unit };
      found.sweeps.push({ line: line(span), key: pathText(path), span, ...unit, points });
    } catch {
      // A value at which the plan cannot be estimated leaves the curve undrawn; the plan's own failure is reported elsewhere.
    }
  }
  for (const { span, plan: to } of plan.compares) {
    const other = others(to);
    if (!other) continue;
    const { peak, time } = made.estimate;
    found.comparisons.push({
      line: line(span),
      to,
      span,
      allocated: peak.allocated,
      otherAllocated: other.peak.allocated,
      step: time.step,
      otherStep: other.time.step,
      tokensPerSecond: time.tokensPerSecond,
      otherTokensPerSecond: other.time.tokensPerSecond,
    });
  }
  return found;
}

/** Searches that came to nothing. */
export const unanswered = ({ answers }: Answers): Problem[] =>
  answers.flatMap(({ value, reason, find: question, span }): Problem[] =>
    value === undefined
      ? [{ severity: 'warning', code: 'no-answer', message: `\`find ${question}\` has no answer: ${reason}`, span }]
      : [],
  );
