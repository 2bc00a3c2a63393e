// Builds the tests in a real VS Code and runs them: `npm run test:host`.
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const out = join(root, 'out/test/host');
const common = { bundle: true, platform: 'node', target: 'node20', absWorkingDir: root, logLevel: 'warning' };

await build({
  ...common,
  entryPoints: ['test/host/main.ts', 'test/host/vscode.ts', 'test/host/screenshots.ts'],
  outdir: out,
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  packages: 'external',
});
await build({
  ...common,
  entryPoints: ['test/host/suite/index.ts'],
  outfile: join(out, 'suite/index.cjs'),
  format: 'cjs',
  external: ['vscode'],
});
await build({
  ...common,
  entryPoints: ['test/host/web-suite/index.ts'],
  outfile: join(out, 'web-suite/index.js'),
  platform: 'browser',
  target: 'es2022',
  format: 'cjs',
  external: ['vscode'],
});
chmodSync(join(out, 'vscode.mjs'), 0o755);
process.chdir(root);
await import(join(out, process.argv.includes('--screenshots') ? 'screenshots.mjs' : 'main.mjs'));
