/** The runner as a process: what it says, how it ends, and that nothing of it is left. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunEvent, RunRequest, VerifyRequest } from '../../src/protocol';
import { type LaunchOptions, launch } from '../../src/runner/launch';
import { builtRunner } from './built';
import { planOf, runOf, TEXT, use } from './plans';
import { cache } from './software';

const { dist, path } = builtRunner('process');

const request = (changes: Partial<RunRequest> = {}): RunRequest => ({
  type: 'run',
  plan: planOf(
    { backward: use('streambp', { chunk: 4096, logits: 512 }), activations: use('int8') },
    { hidden: 4096 },
    { sequence: 32_768 },
  ),
  run: runOf(),
  adapter: 'software',
  timeout: 120,
  ...changes,
});

async function collect(
  asked: RunRequest | VerifyRequest,
  options: LaunchOptions = {},
  seen: (event: RunEvent) => void = () => {},
) {
  const events: RunEvent[] = [];
  for await (const event of launch(asked, { dist, cache, ...options })) {
    events.push(event);
    seen(event);
  }
  const of = <Type extends RunEvent['type']>(type: Type) =>
    events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
  return { events, of };
}

/** Processes that run this test's bundle. */
function runners(): string[] {
  const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(join(dist, 'runner.mjs')) && !line.includes('<defunct>'));
}
const killed = (pid: number) => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
};
const gone = async () => {
  for (let turn = 0; turn < 50 && runners().length > 0; turn++) await new Promise((resolve) => setTimeout(resolve, 100));
  return runners();
};

describe('a run', () => {
  const asked = request({ run: runOf({ layers: 2 }) });
  let first: ReturnType<typeof collect> | undefined;
  /** One run that two tests look at. */
  const once = () => {
    first ??= collect(asked);
    return first;
  };

  it('says its adapter, its proxy, its checks, its bytes to the byte, its losses, and a summary', async () => {
    const { of } = await once();
    expect(of('error')).toEqual([]);
    expect(of('adapter')).toMatchObject([{ software: true }]);
    const [plan] = of('plan');
    expect(plan?.techniques).toEqual(['streambp', 'int8']);
    expect(plan?.scaled).toContainEqual(
      expect.objectContaining({ technique: 'streambp', argument: 'chunk', from: 4096, to: 16 }),
    );
    expect(plan?.unproved).toContainEqual(expect.objectContaining({ technique: 'bf16' }));
    for (const memory of of('memory')) expect(memory.measured, memory.label).toBe(memory.predicted);
    expect(of('memory').map(({ label }) => label)).toEqual([
      'plain: live tensors',
      'plain: GPU buffers',
      'tested: live tensors',
      'tested: GPU buffers',
    ]);
    const proved = of('check').map(({ technique }) => technique);
    for (const name of ['engine', 'streambp', 'int8', 'memory', 'plain', 'tested']) expect(proved).toContain(name);
    expect(of('loss').filter(({ label }) => label === 'tested')).toHaveLength(6);
    // Each technique by itself, from the plain step to the plan's, and every reading of one stage is the next one's.
    const savings = of('saving');
    expect(savings.map(({ technique }) => technique)).toEqual(['streambp', 'int8']);
    const [plain, , tested] = of('memory');
    expect(savings[0]?.before).toMatchObject({ predicted: plain?.predicted, counted: plain?.measured });
    expect(savings[1]?.before).toEqual(savings[0]?.after);
    expect(savings[1]?.after).toMatchObject({ predicted: tested?.predicted, counted: tested?.measured });
    for (const { after } of savings) {
      expect(after.counted).toBe(after.predicted);
      expect(after.buffers).toBeGreaterThan(after.counted);
    }
    expect(savings[1]?.after.counted).toBeLessThan(savings[0]?.before.counted ?? 0);
    const times = of('kernels');
    expect(times.map(({ label }) => label)).toEqual(['plain', 'tested']);
    const names = times.map(({ kernels }) => kernels.map(({ name }) => name));
    expect(names[0]).toContain('attention');
    expect(names[0]).not.toContain('quantize');
    expect(names[1]).toContain('quantize');
    for (const { kernels, peaks } of times) {
      expect(peaks.device).toBe('RTX 4090');
      expect(kernels.every(({ calls, seconds }) => calls > 0 && seconds >= 0)).toBe(true);
    }
    const failed = of('check').filter(({ passed }) => !passed);
    expect(failed).toEqual([]);
    expect(of('summary')).toEqual([{ type: 'summary', passed: of('check').length, failed: 0 }]);
    expect(await gone()).toEqual([]);
  });

  it('says the same losses twice', async () => {
    const losses = async (run: ReturnType<typeof once>) => (await run).of('loss').map(({ loss }) => loss);
    const again = await losses(collect(asked));
    expect(again.length).toBeGreaterThan(0);
    expect(again).toEqual(await losses(once()));
  });

  const bad: [string, Partial<RunRequest>, string, RegExp][] = [
    ['no GPU', { adapter: 'gpu' }, 'no-adapter', /No GPU/],
    ['a data file that is not there', { run: runOf({ data: '/nowhere/text.txt' }) }, 'data', /does not exist/],
    ['dimensions that do not fit', { run: runOf({ heads: 3 }) }, 'run', /hidden 32 is no multiple of heads 3/],
    ['heads that cannot be rotated', { run: runOf({ hidden: 36, heads: 4, kvHeads: 2 }) }, 'run', /cannot be rotated/],
    ['a vocabulary that holds no bytes', { run: runOf({ vocab: 100 }) }, 'vocab', /256/],
    ['a size beyond every adapter', { run: runOf({ ffn: 40_000_000, sequence: 64 }) }, 'run', /two thousand million/],
    ['no time', { timeout: 0.3 }, 'timeout', /longer than 0\.3 s/],
  ];
  for (const [name, changes, code, message] of bad)
    it(`ends with one sentence: ${name}`, async () => {
      const { of } = await collect(request(changes));
      expect(of('summary')).toEqual([]);
      expect(of('error')).toHaveLength(1);
      expect(of('error')[0]).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(await gone()).toEqual([]);
    });

  it('refuses a text that is empty, short, binary or a folder, by name', async () => {
    const write = (name: string, content: Uint8Array) => {
      writeFileSync(path(name), content);
      return path(name);
    };
    mkdirSync(path('directory'), { recursive: true });
    const cases: [string, RegExp][] = [
      [write('empty.txt', new Uint8Array()), /empty\.txt is empty/],
      [write('short.txt', TEXT.subarray(0, 20)), /has 20 bytes/],
      [
        write(
          'binary.bin',
          Uint8Array.from({ length: 5000 }, (_, i) => i % 7),
        ),
        /binary/,
      ],
      [path('directory'), /is no file/],
    ];
    for (const [data, message] of cases) {
      const { of } = await collect(request({ run: runOf({ data }) }));
      expect(of('error')).toMatchObject([{ code: 'data', message: expect.stringMatching(message) }]);
    }
  });

  it('is cancelled in the middle and leaves nothing', async () => {
    const abort = new AbortController();
    const { of } = await collect(request({ run: runOf({ steps: 400 }) }), { signal: abort.signal }, (event) => {
      if (event.type === 'loss') abort.abort();
    });
    expect(of('error')).toMatchObject([{ code: 'cancelled' }]);
    expect(of('summary')).toEqual([]);
    expect(await gone()).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('that is killed in the middle says by what, and leaves nothing', async () => {
    const { events, of } = await collect(request({ run: runOf({ steps: 400 }) }), {}, (event) => {
      if (event.type === 'loss') for (const line of runners()) killed(Number.parseInt(line, 10));
    });
    expect(of('error')).toMatchObject([{ code: 'crashed', message: expect.stringContaining('SIGKILL') }]);
    expect(events.at(-1)?.type).toBe('error');
    expect(await gone()).toEqual([]);
  });

  it('is ended where its reader stops listening', async () => {
    for await (const event of launch(request({ run: runOf({ steps: 400 }) }), { dist, cache }))
      if (event.type === 'adapter') break;
    expect(await gone()).toEqual([]);
  });

  it('says that the Node of the setting cannot be started', async () => {
    const { of } = await collect(request(), { node: '/nowhere/node' });
    expect(of('error')).toMatchObject([{ code: 'no-node' }]);
  });

  it('says that a Node broke down', async () => {
    const { of } = await collect(request(), { node: '/bin/false' });
    expect(of('error')).toMatchObject([{ code: 'crashed', message: expect.stringContaining('status 1') }]);
  });

  it('ends when its parent is killed or closes the pipe, and answers nonsense with status 2', async () => {
    const start = () => spawn(process.execPath, [join(dist, 'runner.mjs')], { stdio: 'pipe' });
    const closed = start();
    closed.stdin.end();
    const nonsense = start();
    nonsense.stdin.write('{"type":\n');
    const deaf = start();
    deaf.stdout.destroy();
    deaf.stdin.write('{"type":"unknown"}\n');
    const status = (child: ReturnType<typeof start>) => new Promise((resolve) => child.once('exit', resolve));
    expect(await Promise.all([closed, nonsense, deaf].map(status))).toEqual([2, 2, 2]);
    const script = `import('node:child_process').then(({ spawn }) => {
      const child = spawn(process.execPath, [${JSON.stringify(join(dist, 'runner.mjs'))}], { stdio: 'pipe' });
      child.stdin.write(${JSON.stringify(JSON.stringify(request({ run: runOf({ steps: 400 }) })))} + '\\n');
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
    })`;
    await new Promise((resolve) => spawn(process.execPath, ['-e', script]).once('exit', resolve));
    expect(await gone()).toEqual([]);
  });
});

describe('verify', () => {
  const verify = (cases: unknown): VerifyRequest => ({ type: 'verify-galore', cases, adapter: 'software', timeout: 120 });

  it('refuses what is no file of trajectories, at the words that are wrong', async () => {
    for (const [content, message] of [
      [{}, /no list named cases/],
      [{ cases: [] }, /no cases/],
      [{ cases: [{ name: 'a', rows: 2 }] }, /Case a: cols should be a number, and is missing/],
      [{ cases: [{ name: 'b', rows: 2, cols: 3, rank: 5, steps: 1 }] }, /Case b: rank 5 is larger than the smaller side, 2/],
    ] as [unknown, RegExp][]) {
      const { of } = await collect(verify(content));
      expect(of('error')).toMatchObject([{ code: 'file', message: expect.stringMatching(message) }]);
    }
  });
});
