// `npm start`: the main job on the example. Estimates its plans, then runs and verifies the proxy of one of them
// on the best adapter there is. The command's own output is the output; only what each exit status means is added.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const example = 'media/examples/long-context.memplan';

function memplan(...args) {
  console.log(`\n$ memplan ${args.join(' ')}\n`);
  const { status, signal, error } = spawnSync(process.execPath, [join('dist', 'cli.mjs'), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (signal !== null) process.exit(1);
  return status ?? 1;
}

// Plan `full` is there to be too large: that an estimate says so is its answer, and no failure of this script.
const estimated = memplan('estimate', example);
if (estimated > 1) process.exit(estimated);

// A software driver on a slow machine takes its time; a GPU takes seconds.
const verified = memplan('run', example, '--plan', 'longform', '--timeout', '1800');
console.log(
  verified === 0
    ? `\nOpen ${example} in VS Code (F5 here) to see it while you type.`
    : '\nThe run did not prove the plan; see above.',
);
process.exit(verified);
