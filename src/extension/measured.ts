/** Keeps what runs have timed, an adapter each, and tells the language server: times of plans on that card follow it. */
import type * as vscode from 'vscode';
import { MEASURED_NOTIFICATION, type MeasuredParams } from '../protocol';
import type { Runs } from './runs';

const KEY = 'memplan.measured';
/** Adapters that are kept; the one that ran longest ago goes first. */
const MOST = 8;

/** `state` is the machine's: what its card reaches holds for every workspace. */
export function createMeasured(
  state: vscode.Memento,
  runs: Runs,
  notify: (method: string, params: MeasuredParams) => Promise<void>,
): vscode.Disposable & { tellAll(): void } {
  const kept = (): MeasuredParams[] => {
    const stored = state.get<unknown>(KEY);
    return Array.isArray(stored) ? stored.filter((one) => typeof one?.adapter?.name === 'string') : [];
  };
  const ended = runs.onMessage(({ uri, message }) => {
    if (message.type !== 'run-ended') return;
    const measured = measuredIn(runs.messages(uri));
    if (!measured) return;
    const others = kept().filter(({ adapter }) => adapter.name !== measured.adapter.name);
    void state.update(KEY, [...others, measured].slice(-MOST));
    void notify(MEASURED_NOTIFICATION, measured);
  });
  return {
    tellAll: () => {
      for (const measured of kept()) void notify(MEASURED_NOTIFICATION, measured);
    },
    dispose: () => ended.dispose(),
  };
}

/** What a run has timed; undefined where it did not come to that. */
function measuredIn(messages: ReturnType<Runs['messages']>): MeasuredParams | undefined {
  const events = messages.flatMap((message) => (message.type === 'run-event' ? [message.event] : []));
  const adapter = events.find((event) => event.type === 'adapter');
  const kernels = events.filter((event) => event.type === 'kernels');
  return adapter && kernels.length > 0 ? { adapter, kernels } : undefined;
}
