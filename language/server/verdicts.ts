/** What estimates say against a file: plans that exceed their card, conditions that do not hold. */
import { formatBytes, formatCount, formatTime } from '../../src/plan/format';
import type { Plan } from '../../src/plan/types';
import { judge } from '../../src/planner/answers';
import { type Category, type Estimate, PART_NAMES } from '../../src/planner/types';
import type { Analysis, PlanAnalysis } from './analyze';
import type { RequireQuestion } from './ask';
import { type EstimateCache, estimateOf } from './estimates';
import { knownOffers, type Offer, offerSteps } from './offers';
import type { Problem, Related } from './problems';
import { ownStatement } from './rewrite';
import { type Span, spanOf } from './span';
import { type Dimension, SIZE, sameDimension, TIME } from './units';

/** The verdicts on a plan, an excess at the statement whose change would help most: that takes trials, which take their turns. */
export function* verdictSteps(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache): Generator<unknown, Problem[]> {
  const made = plan.plan && cache.brief(plan.plan);
  if (plan.plan && made && 'estimate' in made && made.estimate.fit !== 'fits') yield* offerSteps(plan.plan, cache);
  return verdictsOn(analysis, plan, cache);
}

/** The same at once: until it is known what would help most, an excess stays where it was shown last. */
export function verdictsOn(analysis: Analysis, plan: PlanAnalysis, cache: EstimateCache): Problem[] {
  if (!plan.plan) return [];
  const made = cache.brief(plan.plan);
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
  if (made.estimate.fit !== 'fits') problems.push(exceeds(analysis, plan, plan.plan, made.estimate, cache));
  problems.push(...hostExceeded(analysis, plan, plan.plan, made.estimate));
  for (const question of plan.requires) problems.push(...required(question, made.estimate, estimateOf(analysis, cache)));
  return problems;
}

const PHASE_NAMES = { forward: 'the forward pass', backward: 'the backward pass', optimizer: 'the optimizer step' } as const;

/** A moment of the step in words: `the backward pass, layer 31, mlp.down`. Layers are counted from 0, as frameworks do. */
export function momentText({ peakAt: { phase, layer, op }, ranks, cards }: Pick<Estimate, 'peakAt' | 'ranks' | 'cards'>): string {
  const staged = layer !== undefined && (ranks ?? []).length > 1;
  const place = layer === undefined ? '' : staged ? `${cards?.peaks}, its layer ${layer}, ` : `layer ${layer}, `;
  return `${PHASE_NAMES[phase]}, ${place}\`${op}\``;
}

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

function exceeds(analysis: Analysis, plan: PlanAnalysis, data: Plan, made: Estimate, cache: EstimateCache): Problem {
  const parts = (Object.entries(made.categories) as [Category, number][]).toSorted((a, b) => b[1] - a[1]);
  const [part, bytes] = parts[0] ?? ['temporary', 0];
  const own = (key: string): Span | undefined => ownStatement(analysis, plan, key)?.statement;
  const offers = knownOffers(data, cache);
  const best = bestOfEach(offers ?? []);
  const most = best[0];
  const key = offers ? best.find(({ key: one }) => own(one))?.key : cache.places.peek(plan.name);
  const at = [...(key ? [key] : []), ...GOVERNED[part]].find(own);
  if (offers && at) cache.places.put(plan.name, at);
  const message =
    `${excess(plan.name, data.device.name, made)} The peak comes in ${momentText(made)}; ` +
    `the largest part is ${PART_NAMES[part]}, ${formatBytes(bytes)}` +
    (most ? `. \`${most.key} ${most.text}\` would save most: ${formatBytes(most.saved)}` : '');

  const related: Related[] = [];
  const beside = (word: string, text: string): void => {
    const span = word === at ? undefined : own(word);
    if (span && !related.some((one) => one.span.start === span.start)) related.push({ uri: analysis.uri, span, message: text });
  };
  const large = made.usable / 20;
  for (const { key: word, text, saved } of best)
    if (saved > large) beside(word, `\`${text}\` here would save ${formatBytes(saved)}`);
  for (const [other, size] of parts.slice(0, 4)) {
    const place = GOVERNED[other].find(own);
    if (place && size > large) beside(place, `${PART_NAMES[other]}: ${formatBytes(size)}`);
  }
  return {
    severity: made.fits ? 'warning' : 'error',
    code: 'exceeds-memory',
    message,
    span: (at === undefined ? undefined : own(at)) ?? plan.span,
    ...(related.length > 0 ? { related } : {}),
  };
}

/** For every statement the offer that saves most, in the order of what they save. */
const bestOfEach = (offers: readonly Offer[]): Offer[] =>
  offers.filter(({ key }, index) => offers.findIndex((other) => other.key === key) === index);

/** What one card alone puts on the host may be more than the host has; others beside it come on top. */
function hostExceeded(analysis: Analysis, plan: PlanAnalysis, { device }: Plan, { host }: Estimate): Problem[] {
  if (!host || host.cpu <= device.hostMemory) return [];
  const stated = plan.stated.get('offload') ?? plan.stated.get('activations') ?? plan.stated.get('backward');
  const message =
    `Plan \`${plan.name}\` puts ${formatBytes(host.cpu)} of each card on the host, which has ${formatBytes(device.hostMemory)} ` +
    '(`host-memory` of the device)';
  const span = stated?.uri === analysis.uri ? spanOf(stated.entry.node) : plan.span;
  return [{ severity: 'warning', code: 'exceeds-host-memory', message, span }];
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
