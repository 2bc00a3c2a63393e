/** What the extension costs whoever installs it: activation in a real VS Code, the server's memory, idleness, sizes of the packages. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import targets from '../../.ci/package/targets.json';
import { version } from '../../package.json';
import { SERVER_FLAGS } from '../../src/extension/server-flags';
import { build, root, start } from '../language/client';
import { heading, inParts, judged, verdict } from './parts/table';

const out = join(root, 'out/bench');
mkdirSync(out, { recursive: true });

function activation(): void {
  heading('activation, by the clock of a real extension host (VS Code 1.100)');
  const figures = join(out, 'host-figures.json');
  rmSync(figures, { force: true });
  const env = { ...process.env, MEMPLAN_FIGURES: figures };
  spawnSync(process.execPath, ['esbuild.mjs', '--minify'], { cwd: root, stdio: 'inherit' });
  const { stdout, stderr } = spawnSync(process.execPath, ['test/host/run.mjs', 'suite'], { cwd: root, env, encoding: 'utf8' });
  if (!existsSync(figures)) throw new Error(`${stdout}\n${stderr}`);
  const { activation: took, before } = JSON.parse(readFileSync(figures, 'utf8')) as { activation: number; before: boolean };
  judged('loading the code and activating it, by the marks of the host', took, ' ms', { most: 60 }, 1);
  judged('parts that are active before a file is opened', before ? 1 : 0, '', { most: 0 }, 0);
}

/** Nanoseconds that a process's threads have run. */
const spent = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );

/** Read from Linux's `/proc`: other systems count memory otherwise. */
async function server(): Promise<void> {
  heading('the language server with every example open');
  build('--minify');
  const client = await start(undefined, SERVER_FLAGS);
  const folder = join(root, 'media/examples');
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.memplan'))) {
    const uri = pathToFileURL(join(folder, name)).href;
    client.open(uri, readFileSync(join(folder, name), 'utf8'));
    await client.diagnostics(uri, 1);
  }
  const pid = client.process.pid ?? 0;
  const busy = async (seconds: number): Promise<number> => {
    const before = spent(pid);
    await wait(1000 * seconds);
    return (100 * (spent(pid) - before)) / (1e9 * seconds);
  };
  // Searches go on after the diagnostics.
  for (let turn = 0; turn < 30 && (await busy(2)) > 1; turn++);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const resident = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  judged('resident', resident, ' MB', { most: 120 }, 1);
  // To a tenth of a per cent: it looks now and then whether the editor is still there.
  judged('idle, of one core over ten seconds', Number((await busy(10)).toFixed(1)), ' %', { most: 0 }, 1);
  await client.stop();
}

function packages(): void {
  heading('packages: a GPU library, a Node and, on Linux, a software driver; the universal one has none of them');
  const { status, stderr } = spawnSync(process.execPath, ['.ci/package/main.mjs'], { cwd: root, encoding: 'utf8' });
  // 1 where one is over its budget, which its row says.
  if (status !== 0 && status !== 1) throw new Error(stderr);
  for (const [target, budget] of Object.entries(targets.budgetMiB)) {
    const file = `memplan-${version}${target === 'universal' ? '' : `-${target}`}.vsix`;
    judged(target, statSync(join(root, 'out/packages', file)).size / 2 ** 20, ' MiB', { most: budget }, 1);
  }
}

await inParts({ activation, ...(process.platform === 'linux' ? { server } : {}), packages });
verdict();
