/** What a number of a plan may be: up to which value the plan fits, and what one more costs. */
import { formatBytes, formatCount, formatQuantity } from '../../../src/plan/format';
import type { Plan } from '../../../src/plan/types';
import { findSteps } from '../../../src/planner/answers';
import { estimate } from '../../../src/planner/estimate';
import { type Knob, knobOf, MOST, type Path, pathText, possible } from '../../../src/planner/knobs';
import { isArgument, isLet, isQuantity, isSetting, isWord } from '../../generated/ast';
import type { Analysis, PlanAnalysis } from '../analyze';
import type { EstimateCache } from '../estimates';
import { ownStatement } from '../rewrite';
import { contains, type Span, spanOf } from '../span';
import type { Expression } from '../tree';
import { partAt, TOLD, usersOf } from './part-sensitivity';

interface Turned {
  plan: Plan;
  path: Path;
}

/** The numbers of plans that are written at a place: a count or an argument of its plan, or a `let` that plans take theirs from. */
export function numbersAt(analysis: Analysis, span: Span): Turned[] {
  const name = analysis.syntax.declarations.find((one) => isLet(one) && one.value && at(one.value, span));
  if (isLet(name)) return analysis.plans.flatMap((plan) => countsOf(plan, name.name)).slice(0, TOLD);
  const plan = analysis.plans.find(({ whole }) => contains(whole, span.start));
  if (plan) return own(analysis, plan, span);
  const part = partAt(analysis, span);
  const counted = part?.kind === 'model' ? usersOf(analysis, part) : [];
  return counted.map((user) => ({ plan: user, path: { name: part?.key ?? '' } }));
}

const at = (node: Expression, span: Span): boolean => isQuantity(node) && spanOf(node).start === span.start;

/** Counts of a plan that are nothing but a name. */
function countsOf({ plan, stated }: PlanAnalysis, name: string): Turned[] {
  return Object.keys(MOST).flatMap((key) => {
    const value = stated.get(key)?.entry.value;
    return plan && isWord(value) && value.name === name && value.member === undefined ? [{ plan, path: { name: key } }] : [];
  });
}

function own(analysis: Analysis, { plan, stated, ...rest }: PlanAnalysis, span: Span): Turned[] {
  for (const [key, { entry }] of plan ? stated : []) {
    if (!ownStatement(analysis, { plan, stated, ...rest } as PlanAnalysis, key) || !contains(spanOf(entry.node), span.start))
      continue;
    if (isSetting(entry.node) && at(entry.value, span)) return [{ plan: plan as Plan, path: { name: key } }];
    const call = isWord(entry.value) ? entry.value : undefined;
    const argument = call?.args.find((one) => isArgument(one) && one.value && at(one.value, span));
    if (call && argument?.name) return [{ plan: plan as Plan, path: { name: call.name, member: argument.name } }];
  }
  return [];
}

/** What is known of a number of a plan, in a sentence or two; undefined where it is no number that can be turned. */
export function* sensitivity({ plan, path }: Turned, cache: EstimateCache): Generator<void, string | undefined> {
  const knob = knobOf(plan, path);
  if ('problem' in knob) return undefined;
  const bare: Plan = { ...plan, order: [] };
  const { value, reason, atLimit } = yield* cache.answer(['sensitivity', bare, path], () =>
    findSteps(bare, path, 'max', estimate),
  );
  const written = (count: number): string => {
    const text = formatQuantity(count, knob.unit);
    return knob.unit === 'tokens' && text !== formatCount(count) ? `${text} (${formatCount(count)})` : text;
  };
  const fits =
    value === undefined
      ? reason
      : atLimit
        ? 'fits at any larger value too'
        : `${knob.current > value ? 'does not fit; it would up to' : 'fits up to'} **${written(value)}**`;
  const next = nextOf(knob);
  const more = next === undefined ? undefined : cache.brief(knob.set(next));
  const now = cache.brief(plan);
  yield;
  const cost =
    more && 'estimate' in more && 'estimate' in now ? more.estimate.peak.allocated - now.estimate.peak.allocated : undefined;
  const by = next === undefined ? 0 : next - knob.current;
  const said = by === 1 ? 'One more' : `${formatQuantity(Number(by.toFixed(2)), knob.unit)} more`;
  const slope =
    cost === undefined
      ? ''
      : cost === 0
        ? ` ${said} leaves the peak as it is.`
        : ` ${said}: ${cost > 0 ? '+' : '−'}${formatBytes(Math.abs(cost))}.`;
  return `\`${pathText(path)}\` of plan \`${plan.name}\`: ${fits}.${slope}`;
}

/** The next larger value that may be written: 1k more of what counts tokens. */
function nextOf({ current, max, grain = 1, unit, set }: Knob): number | undefined {
  const step = unit === 'tokens' ? 1024 : grain;
  for (let tried = 1; tried <= NEXT && current + tried * step <= max; tried++)
    if (possible(set(current + tried * step))) return current + tried * step;
  return undefined;
}

/** Values that are tried: a width goes on by its number of heads. */
const NEXT = 128;
