/**
 * Starts the runner's process and passes on what it says. Used by the command line and the extension; knows nothing of what the
 * runner does. Every way to end is said by an `error` event or a `summary`; no process is left behind.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunEvent, RunRequest, VerifyRequest } from '../protocol';
import { chooseNode } from './choose-node';
import { baseEnvironment, loaderEnvironment, softwareDrivers } from './drivers';
import { readEvent } from './read-event';

export interface LaunchOptions {
  signal?: AbortSignal;
  /** Path of a Node from the user's setting. */
  node?: string;
  /** Folder of the bundles. */
  dist?: string;
  /** Folder for what is unpacked once, e.g. a software driver. */
  cache?: string;
  /** Gets what the process writes beside its events. */
  log?(line: string): void;
}

/** Time that a process has to end by itself after it was asked to, and beyond the request's own time limit. */
const GRACE = 3000;

/** Runs one request and yields its events. Errors are events too: `no-node`, `no-adapter`, `timeout`, `cancelled`, `crashed`, … */
export async function* launch(request: RunRequest | VerifyRequest, options: LaunchOptions = {}): AsyncGenerator<RunEvent> {
  const dist = options.dist ?? bundles();
  const bundle = join(dist, 'runner.mjs');
  if (!existsSync(bundle)) {
    yield failure('no-runner', `The runner's program is missing: ${bundle}.`);
    return;
  }
  const choice = chooseNode({
    setting: options.node ?? '',
    execPath: process.execPath,
    electron: process.versions.electron !== undefined,
    dist,
    path: process.env.PATH ?? '',
    windows: process.platform === 'win32',
    startable,
  });
  if ('problem' in choice) {
    yield failure('no-node', choice.problem);
    return;
  }
  const cache = options.cache ?? cacheFolder(dist);
  const attempts = attemptsFor(request.adapter, dist, cache);
  const deadline = Date.now() + request.timeout * 1000;
  for (const [index, attempt] of attempts.entries()) {
    const last = index === attempts.length - 1;
    let refused = false;
    for await (const event of oneProcess(choice.node, bundle, request, attempt(), deadline, options)) {
      // Without an adapter the next driver is tried, and nothing has been said yet.
      if (!last && event.type === 'error' && event.code === 'no-adapter') refused = true;
      else yield event;
    }
    if (!refused) return;
  }
}

type Environment = { [name: string]: string };

/** Environments to try in turn: the machine's own drivers, those with a loader of ours, software drivers. */
function attemptsFor(adapter: RunRequest['adapter'], dist: string, cache: string): (() => Environment)[] {
  const base = baseEnvironment();
  const own: (() => Environment)[] = [() => base];
  const loader = loaderEnvironment(dist, cache);
  if (loader) own.push(() => ({ ...base, ...loader }));
  if (adapter === 'gpu') return own;
  return [...own, ...softwareDrivers(dist, cache).map((driver) => () => ({ ...base, ...driver.env }))];
}

async function* oneProcess(
  node: string,
  bundle: string,
  request: RunRequest | VerifyRequest,
  environment: Environment,
  deadline: number,
  { signal, log }: LaunchOptions,
): AsyncGenerator<RunEvent> {
  if (signal?.aborted) {
    yield failure('cancelled', 'The run was cancelled.');
    return;
  }
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(node, [bundle], { env: { ...process.env, ...environment }, stdio: 'pipe', windowsHide: true });
  } catch (error) {
    yield failure('no-node', `The runner's process could not be started: ${(error as Error).message}.`);
    return;
  }
  const queue: RunEvent[] = [];
  let wake = () => {};
  const push = (event: RunEvent) => {
    queue.push(event);
    wake();
  };
  let ended = false;
  let said = false;
  let stop: { code: string; message: string } | null = null;
  let tail = '';
  const timers: NodeJS.Timeout[] = [];
  const kill = () => child.kill('SIGKILL');
  const end = (code: string, message: string) => {
    if (stop) return;
    stop = { code, message };
    child.stdin.write(`${JSON.stringify({ type: 'cancel' })}\n`, () => undefined);
    timers.push(setTimeout(kill, GRACE));
  };
  const onAbort = () => end('cancelled', 'The run was cancelled.');
  signal?.addEventListener('abort', onAbort);
  timers.push(
    setTimeout(
      () => end('timeout', `The run was given up: it took longer than ${request.timeout} s.`),
      Math.min(2 ** 31 - 1, Math.max(0, deadline - Date.now()) + GRACE),
    ),
  );
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null; problem?: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, problem: error.message }));
    child.once('close', (code, by) => resolve({ code, signal: by }));
  });
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-2000);
    log?.(text.trimEnd());
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = readEvent(line);
    if (!event) return log?.(line);
    if (event.type === 'error' || event.type === 'summary') said = true;
    // Asked to stop, the process answers in its own words; ours say why it was asked.
    if (!(stop && event.type === 'error')) push(event);
  });
  child.stdin.write(`${JSON.stringify(request)}\n`);
  void exit.then(({ code, signal: by, problem }) => {
    ended = true;
    if (stop) push(failure(stop.code, stop.message));
    else if (problem) push(failure('no-node', `The Node at ${node} could not be started: ${problem}.`));
    else if (!said) push(failure('crashed', crash(code, by, tail)));
    wake();
  });
  try {
    while (!ended || queue.length > 0) {
      const event = queue.shift();
      if (event) yield event;
      else if (!ended)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
    // The reader may stop early; the process must not outlive it.
    if (!ended) kill();
  }
}

const failure = (code: string, message: string): RunEvent => ({ type: 'error', code, message });

function crash(code: number | null, by: NodeJS.Signals | null, tail: string): string {
  const last = tail
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('at ') && !line.startsWith('Node.js'))
    .pop();
  return `The runner ended without an answer (${by ?? `status ${code}`})${last ? `: ${last}` : ''}.`;
}

function startable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The bundles' folder: this module's own once bundled, `dist` when it runs from the sources. */
function bundles(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return existsSync(join(here, 'runner.mjs')) ? here : join(here, '..', '..', 'dist');
}

/** A folder beside the project where that can be written, else one for temporary files. */
function cacheFolder(dist: string): string {
  try {
    accessSync(dirname(dist), constants.W_OK);
    return join(dirname(dist), '.cache');
  } catch {
    return join(tmpdir(), 'memplan-cache');
  }
}
