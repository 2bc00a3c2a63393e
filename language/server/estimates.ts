/** Analysis → estimates: what the editor draws and the command line prints. */
import { formatBytes, formatCount, formatTime } from '../../src/plan/format';
import type { Plan } from '../../src/plan/types';
import { type Answer, findSteps, finish, judge, type SweepPoint, sweepSteps } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { plansOf } from '../../src/planner/expression';
import { pathText } from '../../src/planner/knobs';
import type { Category, Estimate, Moment } from '../../src/planner/types';
import type { Place, PlanView } from '../../src/protocol';
import type { Analysis, PlanAnalysis, RequireQuestion } from './analyze';
import type { Problem } from './problems';
import { Lines, type Span, spanOf } from './span';
import { type Dimension, SIZE, sameDimension, TIME } from './units';

/** Estimates and answers that are kept. */
const KEPT = 2000;

export type Estimated = { estimate: Estimate } | { failure: string };

/** Estimates and answers by content: a plan that was estimated once costs nothing the second time. */
export class EstimateCache {
  readonly #estimates = new Recent<Estimated>();
  readonly #answers = new Recent<object>();

  get(plan: Plan, timeline = false): Estimated {
    const key = JSON.stringify(plan);
    // One with its timeline serves those who do not ask for it.
    const drawn = this.#estimates.peek(`t${key}`);
    return drawn ?? this.#estimates.get(timeline ? `t${key}` : key, () => attempt(plan, timeline));
  }

  /** The answer to a question, searched for once. */
  *answer<T extends object>(question: unknown, search: () => Generator<void, T>): Generator<void, T> {
    const key = JSON.stringify(question);
    const known = this.#answers.peek(key);
    if (known) return known as T;
    const found = yield* search();
    this.#answers.get(key, () => found);
    return found;
  }
}

/** The newest entries of a table; the oldest goes first. */
class Recent<V> {
  readonly #kept = new Map<string, V>();

  peek(key: string): V | undefined {
    const known = this.#kept.get(key);
    if (known === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, known);
    return known;
  }

  get(key: string, make: () => V): V {
    const known = this.peek(key);
    if (known !== undefined) return known;
    const made = make();
    this.#kept.set(key, made);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
    return made;
  }
}

function attempt(plan: Plan, timeline: boolean): Estimated {
  try {
    const made = estimate(plan, { timeline });
    // Read whole, so that what is kept does not hold the tape that it was read from.
    const whole: Estimate = { ...made, peak: { ...made.peak } };
    return Number.isFinite(whole.peak.device) ? { estimate: whole } : { failure: 'its sizes are no numbers' };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Views of all plans of a file, in its order. */
export function viewsOf(analysis: Analysis, cache: EstimateCache, timeline = false): PlanView[] {
  const lines = new Lines(analysis.text);
  return analysis.plans.map((plan) => viewOf(analysis, plan, cache, lines, timeline));
}

export function viewOf(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache, lines: Lines, timeline: boolean): PlanView {
  const view = { name: plan.name, place: lines.place(plan.span), places: [] };
  if (!plan.plan) return { ...view, problem: plan.problem ?? 'It has errors' };
  const made = cache.get(plan.plan, timeline);
  if ('failure' in made) return { ...view, problem: `It cannot be estimated: ${made.failure}` };
  const places = made.estimate.waterfall.map(({ slot }): Place | null => {
    const stated = slot === 'plain' ? undefined : plan.stated.get(slot);
    return stated?.uri === analysis.uri ? lines.place(spanOf(stated.entry.node)) : null;
  });
  const waterfall = made.estimate.waterfall.map((step, index) => {
    const line = places[index]?.line;
    return line === undefined ? step : { ...step, line };
  });
  return { ...view, estimate: { ...made.estimate, waterfall }, places };
}

/** The estimate of a plan that a condition names, imported ones included. */
export const estimateOf =
  (analysis: Analysis, cache: EstimateCache) =>
  (name: string): Estimate | undefined => {
    const plan = analysis.known.get(name);
    const made = plan && cache.get(plan);
    return made && 'estimate' in made ? made.estimate : undefined;
  };

/** What the estimates say against the file: plans that do not fit, conditions that do not hold. */
export function verdictsOf(analysis: Analysis, cache: EstimateCache): Problem[] {
  return analysis.plans.flatMap((plan) => verdictsOn(analysis, plan, cache));
}

export function verdictsOn(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache): Problem[] {
  if (!plan.plan) return [];
  const made = cache.get(plan.plan);
  if ('failure' in made) {
    return [
      {
        severity: 'error',
        code: 'estimate-failed',
        message: `Plan \`${plan.name}\` cannot be estimated: ${made.failure}`,
        span: plan.span,
      },
    ];
  }
  const problems: Problem[] = [];
  if (made.estimate.fit !== 'fits') problems.push(exceeds(analysis, plan, plan.plan, made.estimate));
  for (const question of plan.requires) problems.push(...required(question, made.estimate, estimateOf(analysis, cache)));
  return problems;
}

const PHASE_NAMES = { forward: 'the forward pass', backward: 'the backward pass', optimizer: 'the optimizer step' } as const;

/** A moment of the step in words: `the backward pass, layer 31, mlp.down`. Layers are counted from 0, as frameworks do. */
export const momentText = ({ phase, layer, op }: Moment): string =>
  `${PHASE_NAMES[phase]}, ${layer === undefined ? '' : `layer ${layer}, `}\`${op}\``;

const PART_NAMES: { [category in Category]: string } = {
  weights: 'weights',
  gradients: 'gradients',
  optimizer: 'optimizer states',
  activations: 'activations kept for backward',
  logits: 'logits',
  temporary: 'temporary tensors',
};

/** Statements that govern a part, the most telling first. */
const GOVERNED: { [category in Category]: readonly string[] } = {
  weights: ['weights', 'precision', 'model'],
  gradients: ['gradients', 'train', 'optimizer'],
  optimizer: ['optimizer', 'train'],
  activations: ['activations', 'backward', 'sequence', 'batch'],
  logits: ['loss', 'sequence', 'batch'],
  temporary: ['attention', 'loss', 'sequence', 'batch'],
};

/** By how much a plan exceeds its card: for certain, as the allocator is expected to arrange it, or only if it arranges it badly. */
function excess(plan: string, device: string, { peak, usable, fits, fit }: Estimate): string {
  const room = `${formatBytes(usable)} can be used`;
  if (fits)
    return `Plan \`${plan}\` fits \`${device}\` barely: it needs ${formatBytes(peak.device)}, up to ${formatBytes(peak.range[1])} where the allocator wastes much, and ${room}.`;
  const why =
    fit === 'tight'
      ? `${formatBytes(peak.allocated)} of tensors would do, not what the allocator holds beyond them`
      : `${formatBytes(peak.allocated)} of tensors`;
  return `Plan \`${plan}\` exceeds \`${device}\` by ${formatBytes(peak.device - usable)}: it needs ${formatBytes(peak.device)} (${why}), and ${room}.`;
}

function exceeds(analysis: Analysis, plan: PlanAnalysis, { device }: Plan, made: Estimate): Problem {
  const parts = (Object.entries(made.categories) as [Category, number][]).toSorted((a, b) => b[1] - a[1]);
  const [part, bytes] = parts[0] ?? ['temporary', 0];
  const message = `${excess(plan.name, device.name, made)} The peak comes in ${momentText(made.peakAt)}; the largest part is ${PART_NAMES[part]}, ${formatBytes(bytes)}`;
  const own = (key: string): Span | undefined => {
    const stated = plan.stated.get(key);
    const span = stated?.uri === analysis.uri ? spanOf(stated.entry.node) : undefined;
    return span && span.start >= plan.whole.start && span.end <= plan.whole.end ? span : undefined;
  };
  const span = GOVERNED[part].map(own).find((one) => one) ?? plan.span;
  const related = parts.slice(1, 4).flatMap(([other, size]) => {
    const place = size > made.usable / 20 && GOVERNED[other].map(own).find((one) => one);
    return place ? [{ uri: analysis.uri, span: place, message: `${PART_NAMES[other]}: ${formatBytes(size)}` }] : [];
  });
  return {
    severity: made.fits ? 'warning' : 'error',
    code: 'exceeds-memory',
    message,
    span,
    ...(related.length > 0 ? { related } : {}),
  };
}

/** A value as people read it, by its dimension. */
export function writtenAs(value: number, dimension: Dimension): string {
  if (sameDimension(dimension, SIZE)) return formatBytes(value);
  if (sameDimension(dimension, TIME)) return formatTime(value);
  return formatCount(Number(value.toPrecision(6)));
}

function required(question: RequireQuestion, own: Estimate, others: (plan: string) => Estimate | undefined): Problem[] {
  const { span, text, condition, dimension } = question;
  const verdict = judge(condition, own, others);
  if (verdict.holds) return [];
  if (verdict.holds === undefined) {
    return [
      {
        severity: 'warning',
        code: 'unknown-estimate',
        message: `\`${text}\` cannot be judged: a plan that it names has no estimate`,
        span,
      },
    ];
  }
  const written = (value: number) => writtenAs(value, dimension);
  const [left, right] = [written(verdict.left), written(verdict.right)];
  const gap = Math.abs(verdict.left - verdict.right);
  // Two sides that print alike still differ: say by how many bytes.
  const sides =
    left === right && sameDimension(dimension, SIZE)
      ? `${formatCount(verdict.left)} bytes against ${formatCount(verdict.right)}`
      : `${left} against ${right}`;
  return [
    {
      severity: 'error',
      code: 'require-failed',
      message: `\`${text}\` does not hold: ${sides}${gap > 0 ? `, ${written(gap)} apart` : ''}`,
      span,
    },
  ];
}

export interface FindAnswer extends Answer {
  line: number;
  find: string;
  span: Span;
}
export interface SweepAnswer {
  line: number;
  key: string;
  span: Span;
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
  const made = data && cache.get(data);
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
      found.answers.push({ ...label, ...(yield* cache.answer([data, path, goal, conditions, named], search)) });
    } catch (error) {
      found.answers.push({ ...label, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  for (const { span, path, values } of plan.sweeps) {
    try {
      const points = yield* cache.answer([data, path, values], () => sweepSteps(data, path, values, estimate));
      found.sweeps.push({ line: line(span), key: pathText(path), span, points });
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
