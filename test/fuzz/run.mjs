// `npm run fuzz`: the long hunt, a million texts and as many messages; `npm run fuzz -- 50` is fifty times an ordinary test run.
// `--seed=N` hunts elsewhere. Each campaign says how many inputs it tried, and the slowest.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const flags = process.argv.slice(2);
const times = flags.find((flag) => /^\d+$/.test(flag)) ?? '500';
const seed = flags.find((flag) => flag.startsWith('--seed='))?.slice('--seed='.length);
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/fuzz', '--execArgv=--expose-gc'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MEMPLAN_FUZZ_TIMES: times, ...(seed ? { MEMPLAN_FUZZ_SEED: seed } : {}) },
  },
);
process.exit(status ?? 1);
