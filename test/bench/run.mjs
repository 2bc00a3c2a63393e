// Bundles and runs benchmarks: `node test/bench/run.mjs planner`, or all of them; flags are passed on. Benchmarks print figures with
// their targets beside them and assert nothing; what they printed stands in out/bench/table.txt too.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
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
const out = join(here, '..', '..', 'out', 'bench');
mkdirSync(out, { recursive: true });
const table = createWriteStream(join(out, 'table.txt'));
const say = (text) => {
  process.stdout.write(text);
  table.write(text);
};
/** Resolves to the exit status; what is printed goes to the terminal and into the table. */
const run = (outfile) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', outfile, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8').on('data', say);
    child.on('close', (status) => resolve(status ?? 1));
  });
say(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}\n`);
for (const name of names.length ? names : known) {
  const outfile = join(out, `${name}.mjs`);
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'warning',
    external: ['webgpu', 'playwright-core'],
    loader: { '.wgsl': 'text', '.txt': 'text' },
    // Libraries in the older module format ask for Node's own modules while they load.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  say(`\n── ${name} ──\n`);
  if ((await run(outfile)) !== 0) process.exitCode = 1;
}
table.end();
