/** The `memplan` command: words in, text and an exit status out. */
import { version } from '../../package.json';
import { type Invocation, readArguments, UsageError } from './arguments';
import { check } from './commands/check';
import { exportTo, importFrom } from './commands/convert';
import { estimate } from './commands/estimate';
import { fit as fitPlans } from './commands/fit';
import { format } from './commands/format';
import { lsp } from './commands/lsp';
import { run } from './commands/run';
import { verify } from './commands/verify';
import { help } from './help';
import { type Io, processIo } from './io';
import { paint, printable } from './paint/style';

/** 0 holds; 1 a plan, a condition or a check fails; 2 the file has errors or the arguments are off; 130 interrupted. */
export type Status = 0 | 1 | 2 | 130;

async function perform(invocation: Invocation, io: Io): Promise<Status> {
  switch (invocation.command) {
    case 'help':
      io.out(help(invocation.topic));
      return 0;
    case 'version':
      io.out(`memplan ${version}\n`);
      return 0;
    case 'check':
      return check(invocation, io);
    case 'estimate':
      return estimate(invocation, io);
    case 'fit':
      return fitPlans(invocation, io);
    case 'run':
      return run(invocation, io);
    case 'verify':
      return verify(invocation, io);
    case 'format':
      return format(invocation, io);
    case 'export':
      return exportTo(invocation, io);
    case 'import':
      return importFrom(invocation, io);
    case 'lsp':
      return lsp();
  }
}

async function main(): Promise<Status> {
  const io = processIo();
  try {
    return await perform(readArguments(process.argv.slice(2)), io);
  } catch (error) {
    const usage = error instanceof UsageError;
    const message = error instanceof Error ? error.message : String(error);
    const text = usage ? message : `this is a mistake in memplan, please report it: ${message} (MEMPLAN_DEBUG=1 shows where)`;
    io.err(`${paint(io.errorStyle, 'red', 'memplan:')} ${printable(text)}\n`);
    if (!usage && process.env.MEMPLAN_DEBUG) io.err(`${error instanceof Error ? error.stack : ''}\n`);
    return 2;
  }
}

// The status is set and not forced, so that what was written reaches a slow pipe.
process.exitCode = await main();
