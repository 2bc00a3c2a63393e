// Bundles the accuracy report and runs it: `npm run accuracy [-- --all]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'memplan-accuracy-'));
try {
  const outfile = join(folder, 'print.mjs');
  await build({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'print.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    loader: { '.wgsl': 'text', '.txt': 'text' },
    logLevel: 'warning',
  });
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
