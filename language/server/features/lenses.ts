/** Above every plan: what it costs, and a run on the GPU. */
import type { CodeLens } from 'vscode-languageserver-types';
import { formatBytes } from '../../../src/plan/format';
import type { Estimate } from '../../../src/planner/types';
import type { EstimateCache } from '../estimates';
import { rangeOf } from '../lsp';
import type { View } from '../workspace';

export const ESTIMATE_COMMAND = 'memplan.estimate';
export const RUN_COMMAND = 'memplan.runOnGpu';

/** `12.3 of 23.4 GiB, fits`, `340.3 GiB, over by 316.9 GiB`. */
export const verdictText = ({ peak, usable, fits, fit }: Estimate): string =>
  fits
    ? `${formatBytes(peak.device)} of ${formatBytes(usable)}, fits${fit === 'tight' ? ' barely' : ''}`
    : `${formatBytes(peak.device)}, over by ${formatBytes(peak.device - usable)}`;

export function codeLenses({ document, analysis }: View, cache: EstimateCache): CodeLens[] {
  return analysis.plans.flatMap((plan): CodeLens[] => {
    if (!plan.name) return [];
    const range = rangeOf(document, plan.span);
    const made = plan.plan && cache.brief(plan.plan);
    const figure = made && 'estimate' in made ? `Estimate: ${verdictText(made.estimate)}` : 'Estimate';
    const argument = { uri: document.uri, plan: plan.name };
    return [
      { range, command: { title: figure, command: ESTIMATE_COMMAND, arguments: [argument] } },
      { range, command: { title: 'Run on GPU', command: RUN_COMMAND, arguments: [argument] } },
    ];
  });
}
