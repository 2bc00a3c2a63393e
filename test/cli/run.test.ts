import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Estimate, RunEvent } from '../../src/protocol';
import { build, folderOf, memplan, root } from './program';

/** Small enough for a software driver: what is tested is the command, not the kernels. */
const SMALL = `model llama from "meta-llama/Llama-3.2-1B"
device card from "RTX 4090"
plan p {
  model llama
  device card
  sequence 1k
  backward checkpoint
}
plan broken {
  model nothing
  device card
  sequence 1k
}
run p {
  layers 1  hidden 64  heads 2  kv-heads 1  ffn 128  vocab 256
  sequence 32  batch 1  steps 10  seed 3
}
`;

/** What a run of `p` runs, as plans: the proxy plain, and with its technique. */
const PROXY = `model small {
  layers 1  hidden 64  heads 2  kv-heads 1  ffn 128  vocab 256  tied-embeddings true
}
device card from "RTX 4090"
plan plain {
  model small
  device card
  sequence 32
  engine webgpu
}
plan p extends plain {
  backward checkpoint
}
`;

let folder: ReturnType<typeof folderOf>;
beforeAll(() => {
  build('cli', 'runner');
  folder = folderOf({
    'plan.memplan': SMALL,
    'two.memplan': `${SMALL}run broken { steps 3 }\n`,
    'none.memplan': 'let a = 1\n',
    'proxy.memplan': PROXY,
    'long.memplan': SMALL.replace('steps 10', 'steps 100000'),
    'cases.json': '{"cases": 7}',
    'text.json': 'not json',
  });
}, 120_000);
afterAll(() => folder.remove());

const events = (out: string): RunEvent[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);

describe('memplan run', () => {
  it('says everything as JSON lines, the last a summary, on the software driver', async () => {
    const command = ['run', 'plan.memplan', '--plan', 'p', '--json', '--adapter', 'software', '--calibration', 'measured.json'];
    const { status, out, err } = await memplan(command, folder.path);
    const lines = events(out);
    expect(lines.filter(({ type }) => type === 'error')).toEqual([]);
    expect(lines.find(({ type }) => type === 'adapter')).toMatchObject({ software: true });
    for (const type of ['progress', 'check', 'memory', 'timing', 'kernels', 'loss'])
      expect(lines.map((line) => line.type)).toContain(type);
    for (const line of lines) if (line.type === 'memory') expect(line.measured).toBe(line.predicted);
    expect(lines.some((line) => line.type === 'check' && line.technique === 'checkpoint' && line.measured <= line.limit)).toBe(
      true,
    );
    const summary = lines.at(-1);
    if (summary?.type !== 'summary') throw new Error('the last line is no summary');
    // Ten steps of a tiny model prove nothing of training; every count and gradient must hold all the same.
    const failed = lines.filter((line) => line.type === 'check' && !line.passed);
    expect(summary.failed).toBe(failed.length);
    expect(status).toBe(failed.length === 0 ? 0 : 1);

    // What was measured gives the measured time again, for the two steps that ran.
    expect(err).toMatch(/calibration on .* written to measured\.json/);
    const estimated = async (...options: string[]) => {
      const { out } = await memplan(['estimate', 'proxy.memplan', '--json', ...options], folder.path);
      return (JSON.parse(out) as { plans: Pick<Estimate, 'time'>[] }).plans.map(({ time }) => time);
    };
    const times = await estimated('--calibration', 'measured.json');
    const timed = lines.flatMap((line) => (line.type === 'kernels' ? line.kernels : []));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(times.map(({ calibrated }) => calibrated?.software)).toEqual([true, true]);
    expect(sum(times.map(({ step }) => step)) / sum(timed.map(({ seconds }) => seconds))).toBeCloseTo(1, 6);
    expect((await estimated()).map(({ calibrated }) => calibrated)).toEqual([undefined, undefined]);
    const { err: refused, status: two } = await memplan(
      ['estimate', 'proxy.memplan', '--calibration', 'cases.json'],
      folder.path,
    );
    expect([two, refused]).toEqual([2, expect.stringContaining('cases.json is no calibration')]);
  }, 300_000);

  it('ends at its time limit: one sentence, status 1', async () => {
    const { status, out, err } = await memplan(
      ['run', 'long.memplan', '--adapter', 'software', '--timeout', '3', '--plan', 'p'],
      folder.path,
    );
    expect(status).toBe(1);
    expect(err).toMatch(/memplan: .*(?:longer than 3 s|gave up|given up).*\(timeout\)/);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, [1-9]\d* failed$/);
  }, 120_000);

  it('ends on an interrupt with status 130, and leaves no process behind', async () => {
    const child = spawn(
      process.execPath,
      [join(root, 'out/cli-test/cli.mjs'), 'run', 'long.memplan', '--plan', 'p', '--adapter', 'software', '--json'],
      {
        cwd: folder.path,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    // `close` comes when the last process that holds the pipes is gone.
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status).toBe(130);
  }, 120_000);

  it.each([
    [['two.memplan'], 'two.memplan has run blocks of p, broken; name one with --plan'],
    [['two.memplan', '--plan', 'broken'], 'plan broken has errors, so it cannot run'],
    [['none.memplan'], 'none.memplan has no plan to run'],
    [['plan.memplan', '--plan', 'q'], 'plan.memplan has no plan q'],
  ])('%j: %s', async (args, words) => {
    const { status, out, err } = await memplan(['run', ...args], folder.path);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(words);
  });
});

describe('memplan verify', () => {
  it('refuses what is no JSON, and what holds no trajectories', async () => {
    expect(await memplan(['verify', 'galore', 'text.json'], folder.path)).toMatchObject({ status: 2, out: '' });
    const { status, err } = await memplan(['verify', 'galore', 'cases.json', '--adapter', 'software'], folder.path);
    expect(status).toBe(1);
    expect(err).toMatch(/^memplan: .+/m);
  }, 120_000);
});
