import { l10n } from 'vscode';
import type { RunEvent, ToWebview } from '../protocol';

export type Ended = Extract<ToWebview, { type: 'run-ended' }>;
type Failure = Extract<RunEvent, { type: 'error' }>;

/** The last thing that went wrong, if anything did. */
export const failureOf = (events: readonly RunEvent[]): Failure | undefined =>
  events.findLast((event): event is Failure => event.type === 'error');

/** How a run ended, read from what the runner said. Without a summary nothing was proved, whatever the checks were. */
export function ended(plan: string, events: readonly RunEvent[]): Ended {
  const failure = failureOf(events);
  if (failure?.code === 'cancelled') return { type: 'run-ended', plan, outcome: 'cancelled' };
  if (failure) return { type: 'run-ended', plan, outcome: 'error', message: failure.message };
  const summary = events.findLast((event) => event.type === 'summary');
  if (!summary) return { type: 'run-ended', plan, outcome: 'error', message: l10n.t('The runner ended without a summary.') };
  return { type: 'run-ended', plan, outcome: summary.failed > 0 ? 'failed' : 'passed' };
}
