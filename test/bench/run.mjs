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
/** Minutes that a benchmark may take, on both software drivers of a machine of two cores; it is ended then, and what it printed stays. */
const MINUTES = { editor: 10, engines: 5, kernels: 10, papers: 20, planner: 5, scale: 8, server: 5, webview: 5 };
const OTHERS = 10;
const out = join(here, '..', '..', 'out', 'bench');
mkdirSync(out, { recursive: true });
const table = createWriteStream(join(out, 'table.txt'));
let said = '';
const say = (text) => {
  said += text;
  process.stdout.write(text);
  table.write(text);
};
/** Resolves to the exit status; what is printed goes to the terminal and into the table. Drivers are processes of the benchmark's own. */
const run = (outfile, minutes) =>
  new Promise((resolve) => {
    const group = process.platform !== 'win32';
    const child = spawn(process.execPath, ['--expose-gc', outfile, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: group,
    });
    const end = () => (group ? process.kill(-child.pid, 'SIGKILL') : child.kill('SIGKILL'));
    const late = setTimeout(() => {
      say(`  ended: it took more than the ${minutes} minutes that it has\n`);
      end();
    }, minutes * 60_000);
    const stopped = () => {
      end();
      process.exit(130);
    };
    process.once('SIGINT', stopped).once('SIGTERM', stopped);
    child.stdout.setEncoding('utf8').on('data', say);
    child.on('close', (status) => {
      clearTimeout(late);
      process.off('SIGINT', stopped).off('SIGTERM', stopped);
      resolve(status ?? 1);
    });
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
  const minutes = MINUTES[name] ?? OTHERS;
  say(`\n── ${name}, ${minutes} minutes at most ──\n`);
  const begun = performance.now();
  if ((await run(outfile, minutes)) !== 0) process.exitCode = 1;
  say(`  took ${((performance.now() - begun) / 60_000).toFixed(1)} of ${minutes} minutes\n`);
}
const lines = (word) => said.match(new RegExp(` {3}${word}$`, 'gm'))?.length ?? 0;
say(`\nin all: ${lines('met')} targets met, ${lines('MISSED')} missed\n`);
table.end();
