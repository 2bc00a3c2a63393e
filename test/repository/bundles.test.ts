import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** KiB, minified: what is sent to every user. A bundle that outgrows its budget has to say why here. */
const BUDGETS: { readonly [bundle: string]: number } = {
  // What is read and run before a file's first colour: nothing but what registers and forwards.
  'extension.cjs': 64,
  // vscode-languageclient.
  'client.cjs': 400,
  // langium and chevrotain are half of it; every technique adds some 3 KiB.
  'server.mjs': 1100,
  // The same two in a browser.
  'extension-web.js': 420,
  'server-worker.js': 1100,
  'cli.mjs': 1200,
  // Every technique that runs brings its kernels, without their comments, and its checks: some 4 KiB an optimizer. All that write a
  // tape are there, many cards' too, with what they say of themselves.
  'runner.mjs': 450,
  // The language and the planner, for programs.
  'memplan.mjs': 850,
  // d3's shapes and scales, and the toolkit's controls.
  'webview.js': 300,
};

let out = '';
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'memplan-bundles-'));
  execFileSync(process.execPath, ['esbuild.mjs', '--minify', `--outdir=${out}`], { stdio: 'inherit' });
}, 120_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

const KiB = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;

describe('bundles', () => {
  it.each(Object.entries(BUDGETS))('%s stays within %d KiB', (name, budget) => {
    const path = join(out, name);
    const { size } = statSync(path);
    console.log(`${name}: ${KiB(size)}, ${KiB(gzipSync(readFileSync(path)).length)} compressed, of ${budget} KiB`);
    expect(size / 1024).toBeLessThanOrEqual(budget);
  });

  it('are all in the table', () => {
    const built = readdirSync(out).filter((name) => /\.(?:mjs|cjs|js)$/.test(name));
    expect(built.sort()).toEqual(Object.keys(BUDGETS).sort());
  });
});
