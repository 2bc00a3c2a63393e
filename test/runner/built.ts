/** The runner's bundle, built for one test file, which runs beside others, and a folder for what it writes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Where the bundle lies, and a file of the folder by its name; both are there once the tests run. */
export function builtRunner(name: string): { dist: string; path(file: string): string } {
  const dist = join(root, '.cache', `test-dist-${name}`);
  let folder = '';
  beforeAll(() => {
    execFileSync(process.execPath, ['esbuild.mjs', '--only=runner', `--outdir=${dist}`], { cwd: root });
    folder = mkdtempSync(join(tmpdir(), `memplan-${name}-`));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { dist, path: (file) => join(folder, file) };
}
