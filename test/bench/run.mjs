// Bundles and runs a benchmark: `node test/bench/run.mjs planner`; flags are passed on. Benchmarks print figures; they assert nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const known = readdirSync(here)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wrong = names.find((name) => !existsSync(join(here, `${name}.ts`)));
if (wrong) {
  console.error(`there is no benchmark ${wrong}; there are ${known.join(', ')}`);
  process.exit(2);
}
for (const name of names.length ? names : known) {
  const outfile = join(here, '..', '..', 'out', 'bench', `${name}.mjs`);
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'warning',
    external: ['webgpu'],
    loader: { '.wgsl': 'text', '.txt': 'text' },
    // Libraries in the older module format ask for Node's own modules while they load.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  const { status } = spawnSync(process.execPath, ['--expose-gc', outfile, ...flags], { stdio: 'inherit' });
  if (status) process.exitCode = 1;
}
