/** Numbers beside the words that own them: bytes of techniques, answers, values against limits. */
import { type InlayHint, InlayHintKind } from 'vscode-languageserver-types';
import { formatBytes, formatChange, formatCount, formatQuantity, formatShare, formatTime } from '../../../src/plan/format';
import { judge } from '../../../src/planner/answers';
import { asksForMost, relativeTime, remarksOn } from '../../../src/planner/remarks';
import type { Estimate } from '../../../src/planner/types';
import { type EstimateCache, estimateOf } from '../estimates';
import type { Answers } from '../questions';
import { overlaps, type Span, spanOf } from '../span';
import { writtenAs } from '../verdicts';
import type { View } from '../workspace';

export interface HintOptions {
  /** Answers of searches by plan, where they are known already: a hint never waits for a search. */
  answers: ReadonlyMap<string, Answers>;
}

export function inlayHints(view: View, cache: EstimateCache, { answers }: HintOptions, within: Span): InlayHint[] {
  const { analysis, document } = view;
  const hints: InlayHint[] = [];
  const inside = (span: Span): boolean => span.end >= within.start && span.start <= within.end;
  const put = (span: Span, label: string, tooltip?: string): void => {
    if (!inside(span)) return;
    hints.push({
      position: document.positionAt(span.end),
      label,
      kind: InlayHintKind.Parameter,
      paddingLeft: true,
      ...(tooltip ? { tooltip } : {}),
    });
  };
  for (const plan of analysis.plans) {
    if (!overlaps(plan.whole, within)) continue;
    const made = plan.plan && cache.get(plan.plan);
    if (!plan.plan || !made || 'failure' in made) continue;
    const { estimate } = made;
    for (const [key, { entry, uri }] of plan.stated) {
      // An inherited statement has its numbers where it stands.
      const span = spanOf(entry.node);
      if (uri !== analysis.uri || span.start < plan.whole.start || span.end > plan.whole.end) continue;
      const owned = ownedBy(key, estimate);
      if (owned) put(span, owned.label, owned.tooltip);
    }
    const others = estimateOf(analysis, cache);
    for (const { span, condition, dimension } of plan.requires) {
      const { left, right, holds } = judge(condition, estimate, others);
      if (holds === undefined) continue;
      const [value, limit] = [writtenAs(left, dimension), writtenAs(right, dimension)];
      put(span, `${holds ? '✓' : '✗'} ${value}`, `${value} against ${limit}: ${holds ? 'holds' : 'does not hold'}`);
    }
    const found = answers.get(plan.name);
    for (const answer of found?.answers ?? []) {
      const { span, value, reason, find, atLimit, limitedBy, unit } = answer;
      if (value === undefined) put(span, '= none', reason);
      else {
        const { bound, border } = remarksOn(answer);
        put(
          span,
          `= ${formatQuantity(value, unit)}${atLimit ? ` (the ${asksForMost(find) ? 'most' : 'least'})` : limitedBy === undefined ? '' : ' by require'}`,
          `${find}: ${unit === 'tokens' ? formatCount(value) : formatQuantity(value, unit)}${bound}${border}`,
        );
      }
    }
    for (const { span, points, unit } of found?.sweeps ?? []) {
      const fitting = points.filter(({ fits }) => fits).length;
      put(
        span,
        `${fitting} of ${points.length} fit`,
        points
          .map(
            ({ value, allocated, fits }) =>
              `${formatQuantity(value, unit)}: ${formatBytes(allocated)}${fits ? '' : ', does not fit'}`,
          )
          .join('\n'),
      );
    }
    for (const { span, ...comparison } of found?.comparisons ?? []) {
      const { allocated, otherAllocated, step, otherStep } = comparison;
      const less = otherAllocated - allocated;
      const { share, each } = relativeTime(comparison);
      put(
        span,
        `${less >= 0 ? '−' : '+'}${formatBytes(Math.abs(less))}, ${share.toFixed(2)} × time${each ? ' a token' : ''}`,
        `${formatBytes(allocated)} and ${formatTime(step)} a step against ${formatBytes(otherAllocated)} and ${formatTime(otherStep)}`,
      );
    }
  }
  return hints;
}

/** What a statement answers for: a technique for its step of the waterfall, the model and the card for their own bytes. */
function ownedBy(key: string, { waterfall, peak, usable, categories }: Estimate): { label: string; tooltip: string } | undefined {
  if (key === 'device')
    return {
      label: `${formatBytes(peak.device)} of ${formatBytes(usable)}`,
      tooltip: `Live tensors ${formatBytes(peak.allocated)}, allocator ${formatBytes(peak.reserved)}, with the context ${formatBytes(peak.device)}`,
    };
  if (key === 'model')
    return {
      label: `${formatBytes(categories.weights)} of weights`,
      tooltip: `${formatShare(categories.weights, peak.allocated)} of the peak`,
    };
  const step = waterfall.find(({ slot }) => slot === key);
  if (!step) return undefined;
  return {
    label: formatChange(step.after - step.before),
    tooltip: `Peak before ${formatBytes(step.before)}, after ${formatBytes(step.after)}`,
  };
}
