/** Above every plan: what it costs, a run on the GPU with what the last one said, and how it compares. */
import * as l10n from '@vscode/l10n';
import type { CodeLens } from 'vscode-languageserver-types';
import { formatBytes } from '../../../src/plan/format';
import type { Estimate } from '../../../src/planner/types';
import type { PlanAnalysis } from '../analyze';
import { type EstimateCache, estimateOf } from '../estimates';
import { rangeOf } from '../lsp';
import { outcomeText, type RunVerdicts } from '../run-verdicts';
import type { View } from '../workspace';

const ESTIMATE_COMMAND = 'memplan.estimate';
const RUN_COMMAND = 'memplan.runOnGpu';
const COMPARE_COMMAND = 'memplan.comparePlans';

/** `12.3 of 23.4 GiB, fits`, `340.3 GiB, over by 316.9 GiB`. */
export const verdictText = ({ peak, usable, fits, fit }: Estimate): string =>
  fits
    ? fit === 'tight'
      ? l10n.t('{0} of {1}, fits barely', formatBytes(peak.device), formatBytes(usable))
      : l10n.t('{0} of {1}, fits', formatBytes(peak.device), formatBytes(usable))
    : l10n.t('{0}, over by {1}', formatBytes(peak.device), formatBytes(peak.device - usable));

export function codeLenses(view: View, cache: EstimateCache, runs: RunVerdicts, now: number): CodeLens[] {
  const { document, analysis } = view;
  return analysis.plans.flatMap((plan): CodeLens[] => {
    if (!plan.name) return [];
    const range = rangeOf(document, plan.span);
    const made = plan.plan && cache.brief(plan.plan);
    const estimate = made && 'estimate' in made ? l10n.t('Estimate: {0}', verdictText(made.estimate)) : l10n.t('Estimate');
    const verdict = runs.of(document.uri, plan);
    const run = verdict ? `: ${outcomeText(verdict, now)}${verdict.changed ? l10n.t(', before the last changes') : ''}` : '';
    const lens = (title: string, command: string): CodeLens => ({
      range,
      command: { title, command, arguments: [{ uri: document.uri, plan: plan.name }] },
    });
    return [
      lens(estimate, ESTIMATE_COMMAND),
      lens(`${l10n.t('Run on GPU')}${run}`, RUN_COMMAND),
      ...(analysis.plans.length > 1 ? [lens(compareTitle(view, plan, cache), COMPARE_COMMAND)] : []),
    ];
  });
}

/** Beside the plan that it names, or else the one that it extends. */
function compareTitle({ analysis }: View, plan: PlanAnalysis, cache: EstimateCache): string {
  const other = plan.compares[0]?.plan ?? plan.base;
  if (other === undefined || !plan.plan) return l10n.t('Compare');
  const of = estimateOf(analysis, cache);
  const [own, others] = [of(plan.name), of(other)];
  if (!own || !others) return l10n.t('Compare');
  const less = others.peak.allocated - own.peak.allocated;
  return l10n.t('Compare: {0} against {1}', `${less >= 0 ? '−' : '+'}${formatBytes(Math.abs(less))}`, other);
}
