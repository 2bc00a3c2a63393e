/** Above every plan: what it costs, a run on the GPU with what the last one said, and how it compares. */
import type { CodeLens } from 'vscode-languageserver-types';
import { formatBytes } from '../../../src/plan/format';
import type { Estimate } from '../../../src/planner/types';
import type { PlanAnalysis } from '../analyze';
import { type EstimateCache, estimateOf } from '../estimates';
import { rangeOf } from '../lsp';
import { outcomeText, type RunVerdicts } from '../run-verdicts';
import type { View } from '../workspace';

export const ESTIMATE_COMMAND = 'memplan.estimate';
export const RUN_COMMAND = 'memplan.runOnGpu';
export const COMPARE_COMMAND = 'memplan.comparePlans';

/** `12.3 of 23.4 GiB, fits`, `340.3 GiB, over by 316.9 GiB`. */
export const verdictText = ({ peak, usable, fits, fit }: Estimate): string =>
  fits
    ? `${formatBytes(peak.device)} of ${formatBytes(usable)}, fits${fit === 'tight' ? ' barely' : ''}`
    : `${formatBytes(peak.device)}, over by ${formatBytes(peak.device - usable)}`;

export function codeLenses(view: View, cache: EstimateCache, runs: RunVerdicts, now: number): CodeLens[] {
  const { document, analysis } = view;
  return analysis.plans.flatMap((plan): CodeLens[] => {
    if (!plan.name) return [];
    const range = rangeOf(document, plan.span);
    const made = plan.plan && cache.brief(plan.plan);
    const estimate = made && 'estimate' in made ? `Estimate: ${verdictText(made.estimate)}` : 'Estimate';
    const verdict = runs.of(document.uri, plan);
    const run = verdict ? `: ${outcomeText(verdict, now)}${verdict.changed ? ', before the last changes' : ''}` : '';
    const lens = (title: string, command: string): CodeLens => ({
      range,
      command: { title, command, arguments: [{ uri: document.uri, plan: plan.name }] },
    });
    return [
      lens(estimate, ESTIMATE_COMMAND),
      lens(`Run on GPU${run}`, RUN_COMMAND),
      ...(analysis.plans.length > 1 ? [lens(compareTitle(view, plan, cache), COMPARE_COMMAND)] : []),
    ];
  });
}

/** Beside the plan that it names, or else the one that it extends. */
function compareTitle({ analysis }: View, plan: PlanAnalysis, cache: EstimateCache): string {
  const other = plan.compares[0]?.plan ?? plan.base;
  if (other === undefined || !plan.plan) return 'Compare';
  const of = estimateOf(analysis, cache);
  const [own, others] = [of(plan.name), of(other)];
  if (!own || !others) return 'Compare';
  const less = others.peak.allocated - own.peak.allocated;
  return `Compare: ${less >= 0 ? '−' : '+'}${formatBytes(Math.abs(less))} against ${other}`;
}
