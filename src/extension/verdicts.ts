/** Tells the language server what runs have proved, those of earlier sessions too: lenses and hovers then say it. */
import type * as vscode from 'vscode';
import { VERDICT_NOTIFICATION, type VerdictParams } from '../protocol';
import type { Runs } from './runs';

const KEY = 'memplan.verdicts';
/** Verdicts that are kept over sessions; the oldest goes first. */
const MOST = 100;

export function createVerdicts(
  state: vscode.Memento,
  runs: Runs,
  notify: (method: string, params: VerdictParams) => Promise<void>,
): vscode.Disposable & { tellAll(): void } {
  const kept = (): VerdictParams[] => state.get<VerdictParams[]>(KEY, []);
  const started = runs.onMessage(({ uri, message }) => {
    if (message.type !== 'run-ended' || (message.outcome !== 'passed' && message.outcome !== 'failed')) return;
    const verdict = verdictOf(uri.toString(), message.plan, runs.messages(uri));
    const others = kept().filter((one) => one.uri !== verdict.uri || one.plan !== verdict.plan);
    void state.update(KEY, [...others, verdict].slice(-MOST));
    void notify(VERDICT_NOTIFICATION, verdict);
  });
  return {
    tellAll: () => {
      for (const verdict of kept()) void notify(VERDICT_NOTIFICATION, verdict);
    },
    dispose: () => started.dispose(),
  };
}

/** What a run has reported, in one. */
function verdictOf(uri: string, plan: string, messages: ReturnType<Runs['messages']>): VerdictParams {
  const events = messages.flatMap((message) => (message.type === 'run-event' ? [message.event] : []));
  const checks = events.flatMap((event) => (event.type === 'check' ? [event] : []));
  const fingerprint = messages.find((message) => message.type === 'run-started')?.fingerprint;
  const adapter = events.find((event) => event.type === 'adapter');
  return {
    uri,
    plan,
    passed: checks.filter(({ passed }) => passed).length,
    failed: checks.filter(({ passed }) => !passed).length,
    at: Date.now(),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    adapter: adapter?.name ?? '',
    software: adapter?.software ?? false,
    checks: checks.map(({ technique, name, measured, limit, passed }) => ({ technique, name, measured, limit, passed })),
  };
}
