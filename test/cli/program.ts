/** The built command as a program: the tests of this folder bundle it themselves, so that they never test an old one. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const out = 'out/cli-test';

export const build = (...bundles: string[]): void => {
  execFileSync(process.execPath, ['esbuild.mjs', `--only=${bundles.join(',')}`, `--outdir=${out}`], {
    cwd: root,
    stdio: 'inherit',
  });
};

export interface Ended {
  status: number | null;
  out: string;
  err: string;
}

/** Runs `memplan` in a folder; no colour, ASCII off, whatever the environment of the tests. */
export function memplan(args: readonly string[], folder = root, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, out, 'cli.mjs'), ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', LC_ALL: 'C.UTF-8', COLUMNS: '100', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      texts.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      texts.err += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...texts }));
  });
}

/** A folder of its own with these files. */
export function folderOf(files: { [name: string]: string | Uint8Array }): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'memplan-cli-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
