/** VS Code's own server and web workbench, from the npm package `code-server`: installed once into `.cache/`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { npmInstall, run } from './shell';

/** VS Code 1.100 on Node 20: the oldest that the extension supports. */
const VERSION = '4.100.3';

export interface Server {
  url: string;
  /** Ids of its processes whose command line holds `text`. */
  processes(text: string): Promise<number[]>;
  /** Ends the server and every process that it started. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  settings?: { [name: string]: unknown };
  environment?: NodeJS.ProcessEnv;
  /** A package that the server's own installer installs first, and settings of the machine that know where it lies. */
  vsix?: string | undefined;
  machine?: (extension: string) => { [name: string]: unknown };
  /** Folder of an extension that lies where installed ones do. */
  beside?: string;
}

const SETTINGS = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.commandCenter.enabled': false,
  'window.autoDetectColorScheme': false,
};

export async function startServer(
  root: string,
  { settings = {}, environment = {}, vsix, machine, beside }: ServerOptions = {},
): Promise<Server> {
  const home = await installServer(root);
  const data = await mkdtemp(join(tmpdir(), 'memplan-vscode-'));
  await mkdir(join(data, 'data/User'), { recursive: true });
  await writeFile(join(data, 'data/User/settings.json'), JSON.stringify({ ...SETTINGS, ...settings }));
  if (vsix !== undefined) {
    const extension = await installVsix(home, data, vsix);
    await mkdir(join(data, 'data/Machine'), { recursive: true });
    await writeFile(join(data, 'data/Machine/settings.json'), JSON.stringify(machine?.(extension) ?? {}));
  }
  if (beside !== undefined) await cp(beside, join(data, 'extensions', basename(beside)), { recursive: true });
  const port = await freePort();
  const args = ['out/server-main.js', '--host', '127.0.0.1', '--port', String(port), '--without-connection-token'];
  args.push('--accept-server-license-terms', '--server-data-dir', data, '--extensions-dir', join(data, 'extensions'));
  args.push('--telemetry-level', 'off', '--enable-smoke-test-driver');
  const child = spawn(process.execPath, args, {
    cwd: home,
    // A group of its own: extension hosts outlive the server and wait for a reconnection.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const end = () => killGroup(child);
  process.once('exit', end);
  await listening(child);
  return {
    url: `http://127.0.0.1:${port}`,
    processes: (text) => processesOf(child.pid, text),
    async stop() {
      process.removeListener('exit', end);
      const closed = new Promise((resolve) => child.once('close', resolve));
      end();
      await closed;
      await rm(data, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Installs a package as VS Code itself does; returns the folder that it lies in. */
async function installVsix(home: string, data: string, vsix: string): Promise<string> {
  const extensions = join(data, 'extensions');
  const folders = ['--server-data-dir', data, '--extensions-dir', extensions];
  await run(process.execPath, ['out/server-main.js', '--install-extension', vsix, '--force', ...folders], home);
  const [folder] = (await readdir(extensions)).filter((name) => name.startsWith('memplan.memplan-'));
  if (folder === undefined) throw new Error(`${vsix} was not installed`);
  return join(extensions, folder);
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (data: Buffer) => {
      output += data;
      if (output.includes('Extension host agent listening')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`VS Code's server ended with ${code}:\n${output.slice(-4000)}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}

/** Folder of VS Code's server and its web build. */
export async function installServer(root: string): Promise<string> {
  const folder = join(root, '.cache', `code-server-${VERSION}`);
  const inside = 'node_modules/code-server/lib/vscode';
  if (existsSync(folder)) return join(folder, inside);
  console.log(`Installing VS Code's server (code-server ${VERSION}) …`);
  await mkdir(dirname(folder), { recursive: true });
  // Into a folder beside the final one first, so that an interrupted run leaves nothing half done.
  const draft = await mkdtemp(`${folder}-`);
  await npmInstall(draft, [`code-server@${VERSION}`]);
  for (const part of [inside, `${inside}/extensions`]) await npmInstall(join(draft, part), ['--omit=dev']);
  await run('npm', ['rebuild', '@vscode/spdlog', 'native-watchdog', '@parcel/watcher'], join(draft, inside)).catch(() => {
    console.log('Its native modules could not be built (no C++ compiler?); tests run without them.');
  });
  await rename(draft, folder);
  return join(folder, inside);
}

/** Read from `/proc`: a bare machine has no `ps`. */
async function processesOf(group: number | undefined, text: string): Promise<number[]> {
  const ids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found = await Promise.all(
    ids.map(async (id) => {
      try {
        // `pid (name) state ppid pgrp …`, and the name may hold anything.
        const [, , pgrp] = (await readFile(`/proc/${id}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
        const args = await readFile(`/proc/${id}/cmdline`, 'utf8');
        return Number(pgrp) === group && args.includes(text) ? [id] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    }),
  );
  return found.flat();
}
