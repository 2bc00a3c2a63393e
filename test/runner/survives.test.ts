/** What a GPU, a driver, a file or a process can do to a run, and the one sentence that it ends with. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunEvent, RunRequest } from '../../src/protocol';
import { batchAt } from '../../src/runner/data';
import type { Opened } from '../../src/runner/device';
import { softwareDrivers } from '../../src/runner/drivers';
import { RunnerError } from '../../src/runner/errors';
import { launch } from '../../src/runner/launch';
import { below } from '../../src/runner/limits';
import { firstNonFinite } from '../../src/runner/non-finite';
import { kernel, u } from '../../src/runner/ops/bind';
import { prepare } from '../../src/runner/program';
import { answer } from '../../src/runner/session';
import { LONGEST, meter } from '../../src/runner/submits';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { Trace } from '../../src/tape/trace';
import { make } from '../../src/tape/webgpu/ops';
import { recipeOf } from '../../src/techniques/recipe-of';
import { builtRunner } from './built';
import { planOf, runOf, TEXT, use } from './plans';
import { cache, softwareDevice } from './software';

const { dist, path } = builtRunner('survives');

/** A tape of one op named `bad`. */
function oneOp() {
  const trace = new Trace();
  const x = make(trace, 'x', [64], 'weights');
  trace.op({ op: 'input', label: 'x', writes: [x] });
  trace.phase('forward');
  trace.op({ op: 'bad', label: 'x', reads: [x], writes: [x] });
  return trace.finish();
}
const binderOf = (source: string) => ({
  bad: (bound: { read(index: number): number }) => [
    kernel('bad', source, { bindings: [[bound.read(0), 64]], params: [u(64)], groups: [1, 1, 1] }),
  ],
});
const GOOD = `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) { x[id.x] = f32(p.count); }`;

/** The device with some of its methods replaced. */
const withDevice = (opened: Opened, changes: object): Opened => ({
  ...opened,
  device: new Proxy(opened.device, {
    get: (target, key) => {
      const value = key in changes ? changes[key as never] : target[key as keyof GPUDevice];
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  }),
});

describe('a device', () => {
  it('is refused below the limits that kernels need, by name and number', () => {
    const core = {
      maxStorageBuffersPerShaderStage: 8,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
      maxComputeWorkgroupStorageSize: 16_384,
      maxComputeWorkgroupsPerDimension: 65_535,
      maxStorageBufferBindingSize: 2 ** 27,
      maxUniformBufferBindingSize: 65_536,
    };
    expect(below(core, 'a card')).toBeUndefined();
    expect(below({ ...core, maxStorageBuffersPerShaderStage: 4 }, 'Old Card')).toBe(
      'Old Card allows 4 storage buffers in one kernel; the engine needs 8 (maxStorageBuffersPerShaderStage).',
    );
    expect(below({ ...core, maxComputeInvocationsPerWorkgroup: 64 }, 'Old Card')).toMatch(/64 invocations in a workgroup/);
  });

  it('that cannot bind a tensor has the run refused, naming the tensor', async () => {
    const opened = await softwareDevice();
    const limits = { ...readable(opened.device.limits), maxStorageBufferBindingSize: 4096 };
    const plan = planOf({});
    await expect(
      createTrainer(withDevice(opened, { limits }), recipeOf(plan), initialWeights(plan.model, 1), 1),
    ).rejects.toMatchObject({ code: 'limits', message: expect.stringMatching(/takes \d+ bytes; this adapter binds 4096/) });
  });

  it('that is out of memory has the run refused, and no buffer stays', async () => {
    const opened = await softwareDevice();
    const live = opened.counter.live();
    const scopes = [null, new GPUOutOfMemoryError('no room left')];
    const full = withDevice(opened, { popErrorScope: async () => scopes.pop() ?? null });
    await expect(prepare(full, oneOp(), binderOf(GOOD))).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/could not give \d+ bytes .*no room left/),
    });
    expect(opened.counter.live()).toBe(live);
  });

  it('that does not compile a kernel has it named, with the line', async () => {
    const bad = GOOD.replace('f32(p.count)', 'nonsense(p.count)');
    const made = prepare(await softwareDevice(), oneOp(), binderOf(bad));
    await expect(made).rejects.toBeInstanceOf(RunnerError);
    await expect(made).rejects.toMatchObject({
      code: 'shader',
      message: expect.stringMatching(/The kernel bad does not compile on this adapter: line \d+: .*nonsense/),
    });
  });

  it('without a kernel for an op has the op named', async () => {
    await expect(prepare(await softwareDevice(), oneOp(), {})).rejects.toMatchObject({
      code: 'kernel',
      message: expect.stringContaining('no kernel for the op bad'),
    });
  });

  it('gets no more work at once than a watchdog allows', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.15, noNaN: true }), { maxLength: 3000 }), (dispatches) => {
        const { next } = meter();
        const submits: number[][] = [[]];
        for (const seconds of dispatches) {
          if (next(seconds)) submits.push([]);
          submits.at(-1)?.push(seconds);
        }
        expect(submits.flat()).toEqual(dispatches);
        for (const submit of submits) {
          expect(submit.reduce((sum, seconds) => sum + seconds, 0)).toBeLessThanOrEqual(LONGEST);
          expect(submit.length).toBeLessThanOrEqual(512);
        }
        // No submit is empty but the only one, and none ends early: with the next dispatch it would hold too much.
        submits.slice(0, -1).forEach((submit, index) => {
          const sum = submit.reduce((all, seconds) => all + seconds, 0);
          expect(sum + (submits[index + 1]?.[0] as number) > LONGEST || submit.length === 512).toBe(true);
        });
      }),
      { numRuns: 50 },
    );
  });
});

/** Limits as plain data. */
const readable = (limits: GPUSupportedLimits): { [name: string]: number } => {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(limits));
  return Object.fromEntries(names.map((name) => [name, limits[name as keyof GPUSupportedLimits] as number]));
};

describe('a value that is no number', () => {
  it('is traced to the op that first wrote it, in the forward pass and in the update', async () => {
    const opened = await softwareDevice();
    for (const slots of [{}, { backward: use('streambp', { chunk: 6, logits: 9 }), activations: use('int8') }]) {
      const plan = planOf(slots);
      const first = initialWeights(plan.model, 1);
      const traced = async (change: (name: string, layer: number | undefined, values: Float32Array) => void, rate = 1e-3) => {
        const trainer = await createTrainer(
          opened,
          recipeOf(plan),
          (weight, layer) => {
            const values = first(weight, layer);
            change(weight.name, layer, values);
            return values;
          },
          1,
        );
        try {
          return await firstNonFinite(trainer, 0, batchAt(TEXT, 0, 1, 2, 19, 256), rate);
        } finally {
          trainer.destroy();
        }
      };
      expect(await traced(() => undefined)).toBeNull();
      const broken = await traced((name, layer, values) => {
        if (name === 'mlp.up' && layer === 1) values[3] = Number.NaN;
      });
      expect(broken).toBe('matmul (mlp.up) of layer 1 in forward');
      expect(
        await traced((name, _, values) => {
          if (name === 'norm') values[0] = Number.POSITIVE_INFINITY;
        }),
      ).toMatch(/^rmsnorm \(norm\) in (forward|backward)$/);
      expect(await traced(() => undefined, Number.POSITIVE_INFINITY)).toMatch(/adamw.* in optimizer$/);
    }
  });
});

const request = (changes: Partial<RunRequest['run']> = {}, rest: Partial<RunRequest> = {}): RunRequest => ({
  type: 'run',
  plan: planOf({}),
  run: runOf({ steps: 4, ...changes }),
  adapter: 'software',
  timeout: 120,
  ...rest,
});
describe('a run', () => {
  it('whose device is lost in the middle ends with the reason', async () => {
    await softwareDevice();
    const { requestDevice } = GPUAdapter.prototype;
    let device: GPUDevice | undefined;
    GPUAdapter.prototype.requestDevice = async function (...asked) {
      device = await requestDevice.apply(this, asked);
      return device;
    };
    try {
      const losses: number[] = [];
      const run = answer(
        request({ steps: 400 }),
        (event) => {
          if (event.type === 'loss' && losses.push(event.loss) === 2) device?.destroy();
        },
        () => undefined,
      );
      await expect(run).rejects.toBeInstanceOf(RunnerError);
      await expect(run).rejects.toMatchObject({
        code: 'device-lost',
        message: expect.stringMatching(/^The GPU device was lost: /),
      });
      expect(losses.length).toBeLessThan(4);
    } finally {
      GPUAdapter.prototype.requestDevice = requestDevice;
    }
  });
});

const errorsOf = async (asked: RunRequest, options = {}) => {
  const events: RunEvent[] = [];
  for await (const event of launch(asked, { dist, cache, ...options })) events.push(event);
  return { errors: events.flatMap((event) => (event.type === 'error' ? [event] : [])), events };
};
const running = (needle: string): string[] =>
  execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(needle) && !line.includes('<defunct>'));

describe('a process', () => {
  it('that hangs is killed by its parent, and nothing is left of it', async () => {
    const stuck = path('stuck-node');
    writeFileSync(stuck, `#!/bin/sh\nexec ${process.execPath} -e 'while (true) {}' stuck-${process.pid}\n`);
    chmodSync(stuck, 0o755);
    const { errors } = await errorsOf(request({}, { timeout: 0.5 }), { node: stuck });
    expect(errors).toMatchObject([{ code: 'timeout', message: 'The run was given up: it took longer than 0.5 s.' }]);
    expect(running(`stuck-${process.pid}`)).toEqual([]);
  });

  it('ends with status 2 where its reader goes away in the middle of a run', async () => {
    const child = spawn(process.execPath, [join(dist, 'runner.mjs')], { stdio: 'pipe' });
    child.stdin.write(`${JSON.stringify(request({ steps: 400 }))}\n`);
    const status = new Promise((resolve) => child.once('exit', resolve));
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await status).toBe(2);
  });

  // SwiftShader gives no gigabyte in one piece, whatever the machine has; lavapipe promises any.
  const refuses = softwareDrivers(dist, cache).find(({ name }) => name === 'swiftshader');
  it.skipIf(!refuses)('whose driver really is out of memory ends with one sentence and status 2', async () => {
    const large = request({ ffn: 65_536, sequence: 2048, batch: 1, layers: 2 });
    const child = spawn(process.execPath, [join(dist, 'runner.mjs')], {
      stdio: 'pipe',
      env: { ...process.env, ...refuses?.env },
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stdin.write(`${JSON.stringify(large)}\n`);
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
    const events = said
      .split('\n')
      .filter(Boolean)
      .map((line): RunEvent => JSON.parse(line));
    expect(events.find(({ type }) => type === 'adapter')).toMatchObject({ name: expect.stringMatching(/SwiftShader/) });
    expect(events.filter(({ type }) => type === 'error')).toMatchObject([
      { code: 'out-of-memory', message: expect.stringMatching(/could not give \d{10,} bytes/) },
    ]);
  });

  it('runs beside another, and each says what it would say alone', async () => {
    const losses = (events: RunEvent[]) => events.flatMap((event) => (event.type === 'loss' ? [event.loss] : []));
    const [one, other] = await Promise.all([errorsOf(request()), errorsOf(request())]);
    for (const { errors, events } of [one, other]) {
      expect(errors).toEqual([]);
      expect(events.at(-1)).toMatchObject({ type: 'summary', failed: 0 });
    }
    expect(losses(one.events)).toEqual(losses(other.events));
    expect(running(join(dist, 'runner.mjs'))).toEqual([]);
  });

  it('refuses a text that is too large to read, without reading it', async () => {
    const data = path('huge.txt');
    const file = openSync(data, 'w');
    ftruncateSync(file, 2 ** 40);
    closeSync(file);
    const { errors } = await errorsOf(request({ data }));
    expect(errors).toMatchObject([{ code: 'data', message: expect.stringMatching(/huge\.txt has 1099511627776 bytes/) }]);
  });

  it('names the op that a loss became no number in', async () => {
    const { errors, events } = await errorsOf(request({ learningRate: 900, steps: 8 }));
    expect(events.at(-1)?.type).toBe('error');
    expect(errors).toMatchObject([
      { code: 'nan', message: expect.stringMatching(/no number in step \d+: it first appeared in \w+.*, step \d+\./) },
    ]);
  });
});
