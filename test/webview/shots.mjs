// Builds and runs shots.ts.
import { build } from 'esbuild';

await build({
  entryPoints: ['test/webview/shots.ts'],
  outfile: 'out/test/shots.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
});
await import('../../out/test/shots.mjs');
