import type { RunEvent, ToWebview } from '../protocol';

export type Ended = Extract<ToWebview, { type: 'run-ended' }>;

export interface RunnerExit {
  events: readonly RunEvent[];
  cancelled: boolean;
  /** `missing`: there is no Node that could run it. */
  node: 'found' | 'missing';
  /** What went wrong where the runner itself could not say it. */
  message?: string;
}

/** How a run ended, read from what the runner said last. */
export function ended(plan: string, exit: RunnerExit): Ended {
  const of = (outcome: Ended['outcome'], message?: string): Ended => ({
    type: 'run-ended',
    plan,
    outcome,
    ...(message === undefined ? {} : { message }),
  });
  const error = exit.events.findLast((event): event is Extract<RunEvent, { type: 'error' }> => event.type === 'error');
  const summary = exit.events.findLast((event): event is Extract<RunEvent, { type: 'summary' }> => event.type === 'summary');
  if (exit.cancelled) return of('cancelled');
  if (error) return of('error', error.message);
  if (exit.message !== undefined) return of('error', exit.message);
  if (!summary) return of('error', 'The runner ended without a summary.');
  return of(summary.failed > 0 ? 'failed' : 'passed');
}
