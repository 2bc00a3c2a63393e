// Bundles and runs benchmarks: `node test/bench/run.mjs planner`, or all of them; flags are passed on. Benchmarks print figures with
// their targets beside them and assert nothing. What all of them print is out/bench/table.txt, what one prints a file of its name.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const known = readdirSync(here)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wrong = names.find((name) => !known.includes(name));
if (wrong) {
  console.error(`there is no benchmark ${wrong}; there are ${known.join(', ')}`);
  process.exit(2);
}
/** Minutes that a benchmark may take, on both software drivers of a machine of two cores; it is ended then, and what it printed stays. */
const MINUTES = { editor: 10, engines: 8, kernels: 10, papers: 20, planner: 5, scale: 8, server: 5, webview: 5 };
const OTHERS = 10;
const out = join(root, 'out', 'bench');
mkdirSync(out, { recursive: true });
const file = join(out, `${names.join('-') || 'table'}.txt`);
const table = createWriteStream(file);
let said = '';
const say = (text) => {
  said += text;
  process.stdout.write(text);
  table.write(text);
};

/** A process and all that descend from it, whatever groups they made for themselves. */
function family(pid) {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    );
    return [pid, ...children.flatMap((child) => family(Number(child)))];
  } catch {
    // It has ended, or this is no Linux.
    return [pid];
  }
}

function end(child) {
  for (const pid of [...family(child.pid), ...(process.platform === 'win32' ? [] : [-child.pid])]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** Resolves to the exit status; what is printed goes to the terminal and into the table. Drivers are processes of the benchmark's own. */
const run = (outfile, minutes) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', outfile, ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: process.platform !== 'win32',
    });
    const late = setTimeout(() => {
      say(`  ended: it took more than the ${minutes} minutes that it has\n`);
      end(child);
    }, minutes * 60_000);
    const stopped = () => {
      end(child);
      process.exit(130);
    };
    process.once('SIGINT', stopped).once('SIGTERM', stopped).once('SIGHUP', stopped);
    child.stdout.setEncoding('utf8').on('data', say);
    child.on('close', (status) => {
      clearTimeout(late);
      process.off('SIGINT', stopped).off('SIGTERM', stopped).off('SIGHUP', stopped);
      resolve(status ?? 1);
    });
  });

const bundle = (name, outfile) =>
  build({
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

const minutesSince = (begun) => ((performance.now() - begun) / 60_000).toFixed(1);
say(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}\n`);
const began = performance.now();
const failed = [];
for (const name of names.length ? names : known) {
  const outfile = join(out, `${name}.mjs`);
  const minutes = MINUTES[name] ?? OTHERS;
  say(`\n── ${name}, ${minutes} minutes at most ──\n`);
  const begun = performance.now();
  const status = await bundle(name, outfile).then(
    () => run(outfile, minutes),
    () => 1,
  );
  if (status !== 0) failed.push(name);
  say(`  took ${minutesSince(begun)} of ${minutes} minutes${status === 0 ? '' : ', FAILED'}\n`);
}
const lines = (word) => said.match(new RegExp(`.* {3}${word}$`, 'gm')) ?? [];
const missed = lines('MISSED');
say(`\nin all: ${lines('met').length} targets met, ${missed.length} missed, ${minutesSince(began)} minutes\n`);
for (const line of missed) say(`${line}\n`);
if (failed.length > 0) say(`failed in part: ${failed.join(', ')}\n`);
table.end();
console.log(`written to ${relative(root, file)}`);
process.exitCode = failed.length > 0 ? 1 : 0;
