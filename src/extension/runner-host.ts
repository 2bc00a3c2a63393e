/** Starts the runner's process for a request, and ends it with the token. */
import { join } from 'node:path';
import type * as vscode from 'vscode';
import type { RunEvent, RunRequest } from '../protocol';
import { launch } from '../runner/launch';

export interface RunnerOptions {
  /** Folder of the extension; its bundles lie in `dist`. */
  extensionPath: string;
  /** Folder for what is unpacked once. */
  cache: string;
  nodePath: string;
  log: vscode.LogOutputChannel;
  cancel: vscode.CancellationToken;
}

/** All that the runner said; `onEvent` gets it as it comes. */
export async function startRunner(
  request: RunRequest,
  options: RunnerOptions,
  onEvent: (event: RunEvent) => void,
): Promise<RunEvent[]> {
  const { extensionPath, cache, nodePath, log, cancel } = options;
  const abort = new AbortController();
  if (cancel.isCancellationRequested) abort.abort();
  const listener = cancel.onCancellationRequested(() => abort.abort());
  const events: RunEvent[] = [];
  try {
    const dist = join(extensionPath, 'dist');
    for await (const event of launch(request, {
      dist,
      cache,
      node: nodePath,
      signal: abort.signal,
      log: (line) => log.debug(line),
    })) {
      if (event.type !== 'progress') log.debug(JSON.stringify(event));
      events.push(event);
      onEvent(event);
    }
    return events;
  } finally {
    listener.dispose();
  }
}
