/** The last run of each file, in the workspace's storage: a panel shows it again after the window was reloaded. */
import type * as vscode from 'vscode';
import type { ToWebview } from '../protocol';
import { eventOf } from '../runner/read-event';

const KEY = 'memplan.runs';
/** Files whose last run is kept; the one that ran longest ago goes first. */
const MOST = 32;

export interface KeptRuns {
  get(uri: string): readonly ToWebview[];
  put(uri: string, messages: readonly ToWebview[]): void;
}

export function createKept(storage: vscode.Memento): KeptRuns {
  const all = (): [string, ToWebview[]][] => {
    const stored = storage.get<unknown>(KEY);
    return Array.isArray(stored) ? stored.filter((entry) => Array.isArray(entry) && Array.isArray(entry[1])) : [];
  };
  return {
    // The page looks at every message before it believes it; who else reads them gets messages, those of an earlier version too.
    get: (uri) => (all().find(([one]) => one === uri)?.[1] ?? []).filter(isMessage),
    put(uri, messages) {
      const lasting = messages.filter((message) => message.type !== 'run-event' || message.event.type !== 'progress');
      // Versions of a document begin anew in the next window: what a run holds for is told by its fingerprint.
      const entry: [string, ToWebview[]] = [uri, lasting.map(withoutVersion)];
      void storage.update(KEY, [...all().filter(([one]) => one !== uri), entry].slice(-MOST));
    },
  };
}

function withoutVersion(message: ToWebview): ToWebview {
  if (message.type !== 'run-started') return message;
  const { version: _, ...rest } = message;
  return rest;
}

function isMessage(value: unknown): value is ToWebview {
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') return false;
  return value.type !== 'run-event' || ('event' in value && eventOf(value.event) !== null);
}
