/**
 * Runs a benchmark once on every adapter of this machine: a GPU, lavapipe, SwiftShader. A driver is chosen by its environment,
 * which must stand before a process starts, so each gets a process of its own. `--driver=NAME,…` asks for some.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Opened, openDevice } from '../../../src/runner/device';
import { baseEnvironment, loaderEnvironment, softwareDrivers } from '../../../src/runner/drivers';
import { heading, inParts, note, verdict } from './table';

export const root = join(import.meta.dirname, '..', '..');
export const cache = join(root, '.cache');

const CHOSEN = 'MEMPLAN_BENCH_DRIVER';
/** Exit status of a process that found no adapter. */
const NONE = 3;

export const flag = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);

type Part = (opened: Opened) => Promise<void>;

/** Runs the parts that `--only=NAME,…` names, all of them without it; a name that is none's ends the benchmark. */
export async function chosenParts(opened: Opened, parts: { readonly [name: string]: Part }): Promise<void> {
  const only = flag('only')?.split(',') ?? Object.keys(parts);
  const wrong = only.find((name) => !(name in parts));
  if (wrong !== undefined) {
    console.error(`there is no part ${wrong}; there are ${Object.keys(parts).join(', ')}`);
    process.exit(2);
  }
  const chosen = Object.entries(parts).filter(([name]) => only.includes(name));
  await inParts(Object.fromEntries(chosen.map(([name, part]) => [name, () => part(opened)])));
}

/**
 * `body` is called in a process of its own for every adapter, with the device of this project's own runner; with `which: 'best'`
 * only for the first that there is.
 */
export async function onEachDriver(
  body: (opened: Opened, driver: string) => Promise<void>,
  which: 'all' | 'best' = 'all',
): Promise<void> {
  const chosen = process.env[CHOSEN];
  if (chosen) {
    let opened: Opened;
    try {
      opened = await openDevice(chosen === 'gpu' ? 'gpu' : 'software');
    } catch {
      process.exit(NONE);
    }
    heading(`${opened.name}`);
    await body(opened, chosen);
    verdict();
    // A device that is still referred to keeps the process alive, and destroying it may take the peers' with it.
    process.exit();
  }
  const wanted = flag('driver')?.split(',');
  const dist = join(root, 'dist');
  // A second software driver stands beside the one that is installed, where Debian offers it.
  if (process.platform === 'linux') spawnSync('sh', [join(root, 'test', 'tools', 'get-lavapipe.sh')], { stdio: 'inherit' });
  const software = new Map(softwareDrivers(dist, cache).map((driver) => [driver.name as string, driver.env]));
  for (const name of ['gpu', 'lavapipe', 'swiftshader']) {
    if (wanted && !wanted.includes(name)) continue;
    const env = name === 'gpu' ? (loaderEnvironment(dist, cache) ?? {}) : software.get(name);
    const status = env
      ? spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
          stdio: 'inherit',
          env: { ...process.env, ...baseEnvironment(), ...env, [CHOSEN]: name },
        }).status
      : NONE;
    if (status === NONE) note(`${name}: none on this machine`);
    else {
      if (status !== 0) process.exitCode = 1;
      if (which === 'best') return;
    }
  }
}
