// Builds every bundle. `--watch` rebuilds; `--only=name,name` limits; `--minify` for packages.
import { context } from 'esbuild';

const flags = new Set(process.argv.slice(2));
const only = process.argv.find((flag) => flag.startsWith('--only='))?.slice(7).split(',');
const minify = flags.has('--minify');
const node = { platform: 'node', target: 'node20', format: 'esm' };
const banner = { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" };

/** name → options. Each process of the architecture is one bundle. */
const bundles = {
  extension: { entryPoints: ['src/extension/main.ts'], outfile: 'dist/extension.cjs', platform: 'node', target: 'node20', format: 'cjs', external: ['vscode'] },
  server: { entryPoints: ['language/server/main.ts'], outfile: 'dist/server.mjs', ...node, banner },
  runner: { entryPoints: ['src/runner/main.ts'], outfile: 'dist/runner.mjs', ...node, banner, external: ['webgpu'] },
  cli: { entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli.mjs', ...node, banner: { js: `#!/usr/bin/env node\n${banner.js}` } },
  webview: { entryPoints: ['webview/main.ts'], outfile: 'dist/webview.js', platform: 'browser', target: 'es2022', format: 'iife' },
};

for (const [name, options] of Object.entries(bundles)) {
  if (only && !only.includes(name)) continue;
  const built = await context({
    bundle: true, minify, sourcemap: !minify, metafile: true, logLevel: 'warning',
    loader: { '.wgsl': 'text', '.txt': 'text' }, ...options,
  });
  if (flags.has('--watch')) await built.watch();
  else {
    await built.rebuild();
    await built.dispose();
  }
}
