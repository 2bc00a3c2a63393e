/**
 * The runner's process: one request as a JSON line on stdin, events as JSON lines on stdout. Exit status: 0 everything passed,
 * 1 a verification failed, 2 it could not run. It ends when its parent does.
 */
import { createInterface } from 'node:readline';
import type { RunEvent, RunnerInput, RunRequest, VerifyRequest } from '../protocol';
import { RunnerError } from './errors';
import { answer } from './session';

let ending = false;

/** Writes an event; a closed pipe means that nobody listens any more. */
const send = (event: RunEvent): void => {
  if (!ending) process.stdout.write(`${JSON.stringify(event)}\n`);
};

/** Ends the process once everything said has left it. */
function finish(status: 0 | 1 | 2): void {
  if (ending) return;
  ending = true;
  process.stdout.write('', () => process.exit(status));
  setTimeout(() => process.exit(status), 1000).unref();
}

function fail(code: string, message: string): void {
  send({ type: 'error', code, message });
  finish(2);
}

function failWith(error: unknown): void {
  if (error instanceof RunnerError) fail(error.code, error.message);
  else fail('internal', `The runner failed: ${error instanceof Error ? error.message : String(error)}`);
}

process.stdout.on('error', () => process.exit(2));
process.on('uncaughtException', failWith);
process.on('unhandledRejection', failWith);

function start(request: RunRequest | VerifyRequest): void {
  const seconds = request.timeout > 0 ? request.timeout : 600;
  const deadline = Date.now() + seconds * 1000;
  const late = () => fail('timeout', `The run was given up: it took longer than ${seconds} s.`);
  setTimeout(late, Math.min(2 ** 31 - 1, seconds * 1000)).unref();
  const alive = () => {
    if (Date.now() > deadline) throw new RunnerError('timeout', `The run was given up: it took longer than ${seconds} s.`);
  };
  answer(request, send, alive).then(finish, failWith);
}

let started = false;
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  let input: RunnerInput;
  try {
    input = JSON.parse(line) as RunnerInput;
  } catch {
    return fail('protocol', 'The runner was sent a line that is no JSON.');
  }
  if (input.type === 'cancel') fail('cancelled', 'The run was cancelled.');
  else if (started) fail('protocol', 'The runner answers one request only.');
  else if (input.type === 'run' || input.type === 'verify-galore') {
    started = true;
    start(input);
  } else fail('protocol', 'The runner was sent a request that it does not know.');
});
// The parent is gone: so is whoever wanted the answer.
lines.on('close', () => {
  if (!ending) process.exit(2);
});
