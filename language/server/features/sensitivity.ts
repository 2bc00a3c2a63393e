/** What a number of a plan may be: up to which value the plan fits, and what one more costs. */
import { formatBytes, formatCount, formatTokens } from '../../../src/plan/format';
import type { Plan } from '../../../src/plan/types';
import { findSteps } from '../../../src/planner/answers';
import { estimate } from '../../../src/planner/estimate';
import { knobOf, MOST, type Path, pathText } from '../../../src/planner/knobs';
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
  const written = (count: number): string =>
    knob.tokens && formatTokens(count) !== formatCount(count)
      ? `${formatTokens(count)} (${formatCount(count)})`
      : formatCount(count);
  const fits =
    value === undefined
      ? reason
      : atLimit
        ? 'fits at any larger value too'
        : `${knob.current > value ? 'does not fit; it would up to' : 'fits up to'} **${written(value)}**`;
  const step = knob.tokens ? 1024 : 1;
  const more = knob.current + step <= knob.max ? cache.brief(knob.set(knob.current + step)) : undefined;
  const now = cache.brief(plan);
  yield;
  const cost =
    more && 'estimate' in more && 'estimate' in now ? more.estimate.peak.allocated - now.estimate.peak.allocated : undefined;
  const slope =
    cost === undefined
      ? ''
      : cost === 0
        ? ` ${knob.tokens ? '1k more' : 'One more'} leaves the peak as it is.`
        : ` ${knob.tokens ? '1k more' : 'One more'}: ${cost > 0 ? '+' : '−'}${formatBytes(Math.abs(cost))}.`;
  return `\`${pathText(path)}\` of plan \`${plan.name}\`: ${fits}.${slope}`;
}
