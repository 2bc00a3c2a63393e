/** Starts the runner's process with a real Node and passes on what it says. */
import type * as vscode from 'vscode';
import type { RunEvent, RunRequest } from '../protocol';
import type { RunnerExit } from './outcome';

export interface RunnerOptions {
  extensionPath: string;
  nodePath: string;
  log: vscode.LogOutputChannel;
  cancel: vscode.CancellationToken;
  request: RunRequest;
}

export async function startRunner(_options: RunnerOptions, _onEvent: (event: RunEvent) => void): Promise<RunnerExit> {
  return { events: [], cancelled: false, node: 'missing', message: 'pending' };
}
