// Builds every bundle. `--watch` rebuilds; `--only=name,name` limits; `--minify` for packages; `--sizes` prints them;
// `--outdir=DIR` writes elsewhere than `dist`; `--metafile=FILE` writes down what each is made of.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { context } from 'esbuild';

const flags = new Set(process.argv.slice(2));
const value = (name) => process.argv.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3);
const only = value('only')?.split(',');
const out = value('outdir') ?? 'dist';
const minify = flags.has('--minify');
const node = { platform: 'node', target: 'node20', format: 'esm' };
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

/** The language client is nine tenths of the extension: a file of its own, read after activation. */
const clientApart = {
  name: 'client-apart',
  setup: (build) => build.onResolve({ filter: /^\.\/client$/ }, () => ({ path: './client.cjs', external: true })),
};

/** Kernels without what only people read: comments, and space where no two words meet. Shading language has no text in quotes. */
const kernelsMinified = {
  name: 'kernels-minified',
  setup: (build) =>
    build.onLoad({ filter: /\.wgsl$/ }, ({ path }) => {
      const bare = readFileSync(path, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, ' ');
      return {
        contents: bare
          .replace(/\s+/g, ' ')
          .replace(/ ?([{}();,:]) ?/g, '$1')
          .trim(),
        loader: 'text',
      };
    }),
};

/** What techniques tell people of themselves: the language server shows it, and the runner has nobody to show it to. */
const TEXT = String.raw`(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`;
const PROSE = new RegExp(String.raw`\b(?:summary|formula|cost|doc|title|url):\s*${TEXT}|\barxiv\(${TEXT},\s*${TEXT},?\s*\)`, 'g');
const withoutProse = (found) => (found.startsWith('arxiv') ? "arxiv('', '')" : `${found.slice(0, found.indexOf(':'))}: ''`);
const proseLeftOut = {
  name: 'prose-left-out',
  setup: (build) =>
    build.onLoad({ filter: /[\\/]src[\\/]techniques[\\/][a-z0-9-]+[\\/]index\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(PROSE, withoutProse),
      loader: 'ts',
    })),
};

/** name → options. Each process of the architecture is one bundle, the extension host's two. */
const bundles = {
  extension: {
    entryPoints: ['src/extension/node.ts'],
    outfile: `${out}/extension.cjs`,
    ...node,
    format: 'cjs',
    external: ['vscode'],
    plugins: [clientApart],
    // By `require`, which knows the editor's own module.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__moduleUrl' },
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  },
  client: {
    entryPoints: ['src/extension/client.ts'],
    outfile: `${out}/client.cjs`,
    ...node,
    format: 'cjs',
    external: ['vscode'],
  },
  server: { entryPoints: ['language/server/main.ts'], outfile: `${out}/server.mjs`, ...node, banner },
  runner: { entryPoints: ['src/runner/main.ts'], outfile: `${out}/runner.mjs`, ...node, banner, external: ['webgpu'] },
  cli: {
    entryPoints: ['src/cli/main.ts'],
    outfile: `${out}/cli.mjs`,
    ...node,
    banner: { js: `#!/usr/bin/env node\n${banner.js}` },
  },
  'extension-web': {
    entryPoints: ['src/extension/web.ts'],
    outfile: `${out}/extension-web.js`,
    platform: 'browser',
    target: 'es2022',
    format: 'cjs',
    external: ['vscode'],
  },
  'server-worker': {
    entryPoints: ['language/server/worker.ts'],
    outfile: `${out}/server-worker.js`,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    alias: { 'node:fs': './language/server/no-disk.ts', 'node:path': 'path-browserify' },
  },
  // The planner as a module: nothing of Node in it, so that a page may import it too.
  library: {
    entryPoints: ['src/cli/library.ts'],
    outfile: `${out}/memplan.mjs`,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
  },
  webview: {
    entryPoints: ['webview/main.ts'],
    outfile: `${out}/webview.js`,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
  },
};

const metas = {};
for (const [name, options] of Object.entries(bundles)) {
  if (only && !only.includes(name)) continue;
  const built = await context({
    bundle: true,
    minify,
    sourcemap: !minify,
    metafile: true,
    logLevel: 'warning',
    loader: { '.wgsl': 'text', '.txt': 'text' },
    ...options,
    plugins: [
      ...(options.plugins ?? []),
      ...(minify ? [kernelsMinified] : []),
      ...(minify && name === 'runner' ? [proseLeftOut] : []),
    ],
  });
  if (flags.has('--watch')) await built.watch();
  else {
    metas[name] = (await built.rebuild()).metafile;
    await built.dispose();
    if (name === 'cli') chmodSync(options.outfile, 0o755);
    if (flags.has('--sizes'))
      console.log(`${name.padEnd(10)} ${(statSync(options.outfile).size / 1024).toFixed(1).padStart(8)} KiB`);
  }
}
if (value('metafile')) writeFileSync(value('metafile'), JSON.stringify(metas));
