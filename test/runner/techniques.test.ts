import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import type { CheckEvent } from '../../src/runner/checks/context';
import { checkOf } from '../../src/runner/checks/registry';
import { batchAt } from '../../src/runner/data';
import { RunnerError } from '../../src/runner/errors';
import { adamDirection, adamState } from '../../src/runner/reference/optimizers';
import { relativeToChange } from '../../src/runner/reference/relative';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { ADAM, adamwRule } from '../../src/techniques/adamw/webgpu';
import { adamw8bitRule } from '../../src/techniques/adamw8bit/webgpu';
import { check as galoreCheck } from '../../src/techniques/galore/check';
import { verifyCase } from '../../src/techniques/galore/trajectories';
import { readTrajectories } from '../../src/techniques/galore/trajectory-file';
import { recipeOf } from '../../src/techniques/recipe-of';
import { sgdRule } from '../../src/techniques/sgd/webgpu';
import { decodeNf4, dynamicMap, encodeNf4, NF4_LEVELS, nearest } from '../../src/techniques/weights/nf4';
import { nf4Unpack } from '../../src/techniques/weights/webgpu';
import { contextOf } from './contexts';
import { apart, noise, runOps } from './ops';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

const weight = (count: number) => ({ name: 'w', shape: [count], role: 'norm' as const });

describe('optimizers against double precision', () => {
  const count = 77;
  const gradient = noise(count, 4).map((value) => value * 0.1);
  const before = noise(count, 5);
  const rate = 0.01;

  for (const form of ['torch', 'transformers'] as const)
    it(`AdamW, ${form} form, five steps`, async () => {
      const rule = adamwRule({ ...ADAM, form, decay: 0.1, epsilon: 1e-6 });
      const zeros = { shape: [count], data: new Float64Array(count) };
      const out = await runOps(
        { g: { shape: [count], data: gradient }, p: { shape: [count], data: before }, m: zeros, v: zeros },
        (trace, t) =>
          rule.update({
            trace,
            weight: weight(count),
            parameter: t.p as never,
            gradient: t.g as never,
            states: [t.m, t.v] as never,
          }),
        5,
        rate,
      );
      const state = adamState(count);
      let p = before.slice();
      for (let step = 1; step <= 5; step++) {
        const change = adamDirection(state, gradient, step, { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-6, form });
        const keep = 1 - rate * 0.1;
        p = p.map((w, i) => (form === 'torch' ? w * keep - (change[i] as number) : (w - (change[i] as number)) * keep));
      }
      // A few roundings of numbers below one in each of five steps.
      expect(apart(out.p as Float32Array, p)).toBeLessThan(2e-6);
      expect(apart(out.m as Float32Array, state.m)).toBeLessThan(1e-7);
    });

  it('SGD with momentum, and without any state', async () => {
    const zeros = { shape: [count], data: new Float64Array(count) };
    const out = await runOps(
      {
        g: { shape: [count], data: gradient },
        p: { shape: [count], data: before },
        plain: { shape: [count], data: before },
        v: zeros,
      },
      (trace, t) => {
        const shared = { trace, weight: weight(count), gradient: t.g as never };
        sgdRule(0.9).update({ ...shared, parameter: t.p as never, states: [t.v] as never });
        sgdRule(0).update({ ...shared, parameter: t.plain as never, states: [] });
      },
      3,
      rate,
    );
    // 1 + 1.9 + 2.71 gradients with momentum 0.9, three without.
    expect(
      apart(
        out.p as Float32Array,
        before.map((w, i) => w - rate * 5.61 * (gradient[i] as number)),
      ),
    ).toBeLessThan(1e-6);
    expect(
      apart(
        out.plain as Float32Array,
        before.map((w, i) => w - rate * 3 * (gradient[i] as number)),
      ),
    ).toBeLessThan(1e-6);
    expect(sgdRule(0).states(weight(9))).toEqual([]);
  });

  it('8-bit AdamW: codes, maxima and the update of unrounded moments, with a short last block', async () => {
    const many = 4096 + 100;
    const g = noise(many, 8).map((value, i) => (i % 256 === 3 ? 0 : i < 256 ? 0 : value ** 5));
    const rule = adamw8bitRule(256, ADAM);
    const parts = rule.states(weight(many));
    expect(parts.map(({ name }) => name)).toEqual(['exp_avg', 'exp_avg_sq', 'exp_avg.absmax', 'exp_avg_sq.absmax']);
    const words = many / 4;
    const blocks = Math.ceil(many / 256);
    const out = await runOps(
      {
        g: { shape: [many], data: g },
        p: { shape: [many], data: new Float64Array(many) },
        c1: { shape: [words], data: new Float64Array(words), dtype: 'int32' },
        c2: { shape: [words], data: new Float64Array(words), dtype: 'int32' },
        a1: { shape: [blocks], data: new Float64Array(blocks) },
        a2: { shape: [blocks], data: new Float64Array(blocks) },
      },
      (trace, t) =>
        rule.update({
          trace,
          weight: weight(many),
          parameter: t.p as never,
          gradient: t.g as never,
          states: [t.c1, t.c2, t.a1, t.a2] as never,
        }),
      1,
      rate,
    );
    const [signed, unsigned] = [dynamicMap(true), dynamicMap(false)];
    const codes = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, many);
    const [c1, c2] = [codes(out.c1 as Float32Array), codes(out.c2 as Float32Array)];
    let off = 0;
    for (let i = 0; i < many; i++) {
      const block = Math.floor(i / 256);
      const [m, v] = [0.1 * (g[i] as number), 0.001 * (g[i] as number) ** 2];
      const [high1, high2] = [out.a1?.[block] as number, out.a2?.[block] as number];
      if (high1 === 0) {
        expect([c1[i], c2[i]]).toEqual([127, 0]);
        continue;
      }
      // Rounding to the nearest value: neighbours may be taken where a value lies in the middle.
      off = Math.max(off, Math.abs((c2[i] as number) - nearest(unsigned, v / high2)));
      const stored = signed[c1[i] as number] as number;
      expect(Math.sign(stored) * Math.sign(m), `${i}`).toBeGreaterThanOrEqual(0);
      const wanted = nearest(signed, m / high1);
      off = Math.max(off, Math.abs((c1[i] as number) - wanted));
    }
    expect(off).toBeLessThanOrEqual(1);
    // The first step of Adam is the rate, by sign, where the gradient is not small against epsilon.
    for (let i = 256; i < many; i++)
      if (Math.abs(g[i] as number) > 1e-4) expect(out.p?.[i]).toBeCloseTo(-rate * Math.sign(g[i] as number), 5);
    expect(out.p?.slice(0, 256).every((value) => value === 0)).toBe(true);
  });

  it('the dynamic map has its published values', () => {
    const [signed, unsigned] = [dynamicMap(true), dynamicMap(false)];
    expect([signed.length, unsigned.length]).toEqual([256, 256]);
    const published: [number, number][] = [
      [0, -0.99296875],
      [1, -0.97890625],
      [126, -5.5e-7],
      [127, 0],
      [128, 5.5e-7],
      [129, 3.25e-6],
      [130, 7.75e-6],
      [254, 0.99296875],
      [255, 1],
    ];
    for (const [code, value] of published) expect(signed[code]).toBeCloseTo(value, 10);
    expect([1, 2, 3, 254].map((code) => Number(unsigned[code]?.toPrecision(7)))).toEqual([3.25e-7, 7.75e-7, 2.125e-6, 0.9964844]);
  });
});

describe('checks of optimizers and of what is stored', () => {
  const cases: [string, Parameters<typeof checkOf>[0], Plan['slots']][] = [
    ['adamw', 'optimizer', { optimizer: use('adamw') }],
    ['adamw8bit', 'optimizer', { optimizer: use('adamw8bit', { block: 256 }) }],
    ['adamw-fp8', 'optimizer', { optimizer: use('adamw-fp8', { group: 128, expand: true }) }],
    ['adamw-fp8', 'optimizer', { optimizer: use('adamw-fp8', { group: 64, expand: false }) }],
    ['sgd', 'optimizer', { optimizer: use('sgd', { momentum: 0.9 }) }],
    ['lion', 'optimizer', { optimizer: use('lion') }],
    ['muon', 'optimizer', { optimizer: use('muon', { steps: 5 }) }],
    ['adafactor', 'optimizer', { optimizer: use('adafactor', { momentum: false }) }],
    ['adafactor', 'optimizer', { optimizer: use('adafactor', { momentum: true }) }],
    ['adam-mini', 'optimizer', { optimizer: use('adam-mini') }],
    ['lomo', 'optimizer', { optimizer: use('lomo') }],
    ['mezo', 'optimizer', { optimizer: use('mezo', { eps: 1e-3 }) }],
    ['apollo', 'optimizer', { optimizer: use('apollo', { rank: 4, scale: 1 }) }],
    ['apollo-mini', 'optimizer', { optimizer: use('apollo-mini', { scale: 128 }) }],
    ['mezo', 'optimizer', { optimizer: use('mezo', { eps: 1e-2 }), train: use('lora', { rank: 2 }), weights: use('nf4') }],
    ['forward-only', 'backward', { backward: use('forward-only'), optimizer: use('none'), loss: use('cut-cross-entropy') }],
    ['nf4', 'weights', { weights: use('nf4', { 'double-quant': true }), train: use('lora', { rank: 2 }) }],
    ['fp16', 'weights', { weights: use('fp16') }],
    ['bf16', 'weights', { weights: use('bf16') }],
    ['amp-fp16', 'precision', { precision: use('amp-fp16') }],
    ['amp-bf16', 'precision', { precision: use('amp-bf16') }],
    ['checkpoint', 'backward', { weights: use('bf16'), backward: use('checkpoint', { every: 1 }) }],
    ['int8', 'weights', { weights: use('int8', { group: 100 }), train: use('lora', { rank: 2 }) }],
    ['int4', 'weights', { weights: use('int4', { group: 128 }), train: use('lora', { rank: 2 }) }],
    ['lora', 'train', { train: use('lora', { rank: 2 }), weights: use('int4', { group: 24 }) }],
    ['lora', 'train', { train: use('lora', { rank: 2, targets: ['q', 'up'], dropout: 0.1 }) }],
  ];
  for (const [name, slot, slots] of cases)
    it(`${name}: ${Object.keys(slots).join(', ')}`, async () => {
      const checks: CheckEvent[] = [];
      await checkOf(slot, name)?.(await contextOf(planOf(slots), slot, slots[slot] ?? use('exact'), checks));
      expect(checks.length).toBeGreaterThan(0);
      for (const check of checks) expect(check.passed, JSON.stringify(check)).toBe(true);
    });
});

describe('NF4', () => {
  it('decodes on the device as on the host, with and without double quantization', async () => {
    const [rows, columns] = [96, 200];
    const values = Float32Array.from(noise(rows * columns, 11));
    for (const double of [false, true]) {
      const parts = nf4Unpack(double).encode(values);
      const names = Object.keys(parts);
      const words = (data: ArrayBufferView) => Math.ceil(data.byteLength / 4);
      const inputs = Object.fromEntries(
        names.map((name) => {
          const data = parts[name] as ArrayBufferView;
          const bytes = new Uint8Array(words(data) * 4);
          bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          return [name, { shape: [words(data)], data: new Uint32Array(bytes.buffer), dtype: 'int32' as const }];
        }),
      );
      const out = await runOps(
        { ...inputs, copy: { shape: [rows * columns], data: new Float32Array(rows * columns) } },
        (trace, t) => {
          const matrix = nf4Unpack(double).emit(
            trace,
            { name: 'attn.q', shape: [rows, columns], role: 'linear' },
            names.map((name) => t[name]) as never,
          );
          trace.op({ op: 'copy', reads: [matrix], writes: [t.copy as never] });
          trace.release(matrix);
        },
      );
      const wanted = decodeNf4(encodeNf4(values, double), values.length);
      expect(apart(out.copy as Float32Array, wanted)).toBeLessThan(2e-7);
      // Half of the widest gap between two levels, of the block's largest value; the maximum itself is off by up to 1 % when coded.
      expect(apart(values, wanted)).toBeLessThan(double ? 0.18 : 0.153);
    }
  });
  it('has sixteen levels that encode to themselves', () => {
    const values = Float32Array.from(NF4_LEVELS.concat(NF4_LEVELS, NF4_LEVELS, NF4_LEVELS));
    expect(apart(decodeNf4(encodeNf4(values, false), 64), values)).toBeLessThan(1e-7);
  });
});

describe('GaLore', () => {
  const golden = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'golden', 'galore_adamw.json'), 'utf8'));
  const verdicts = async (content: unknown) => {
    const checks: CheckEvent[] = [];
    for (const recorded of readTrajectories(content))
      await verifyCase(await softwareDevice(), recorded, (check) => checks.push(check));
    return checks;
  };

  it("follows the authors' optimizer, tall, wide and square", async () => {
    const checks = await verdicts(golden);
    expect(checks).toHaveLength(15);
    for (const check of checks) expect(check.passed, JSON.stringify(check)).toBe(true);
  });

  it('does not agree with a recording of another scale, gradient, order of steps or shape', async () => {
    const changed = (change: (recorded: { [key: string]: unknown }) => void, index = 0) => {
      const copy = structuredClone(golden);
      copy.cases = [copy.cases[index]];
      change(copy.cases[0]);
      return copy;
    };
    const failing = async (content: unknown) => (await verdicts(content)).filter(({ passed }) => !passed).map(({ name }) => name);
    const last = (name: string) => `${name}: weights after the last step`;
    expect(await failing(changed((recorded) => (recorded.scale = 0.26)))).toContain(last('tall'));
    expect(await failing(changed((recorded) => (recorded.eps = 1e-3)))).toContain(last('tall'));
    expect(await failing(changed((recorded) => (recorded.weight_decay = 0), 1))).toContain(last('wide'));
    expect(await failing(changed((recorded) => (recorded.gradients as unknown[]).reverse()))).toContain(last('tall'));
    expect(await failing(changed((recorded) => ((recorded.weight_after_last as number[])[17] = 0.3)))).toContain(last('tall'));
    expect(await failing(changed((recorded) => (recorded.state_shape = [24, 5])))).toEqual(['tall: state is 24 × 4']);
  });

  it('holds what the paper states and agrees with double precision both ways', async () => {
    const checks: CheckEvent[] = [];
    const galore = use('galore', { rank: 4, every: 2, scale: 0.25, inner: 'adamw' });
    await galoreCheck(await contextOf(planOf({ optimizer: galore }), 'optimizer', galore, checks));
    expect(checks).toHaveLength(4);
    for (const check of checks) expect(check.passed, JSON.stringify(check)).toBe(true);
  });

  it('measures against the change, and never passes what is no number', () => {
    expect(relativeToChange([1.5], [1.5], [1])).toBe(0);
    expect(relativeToChange([1.6], [1.5], [1])).toBeCloseTo(0.2);
    expect(relativeToChange([Number.NaN], [1.5], [1])).toBe(Number.MAX_VALUE);
  });
});

/** Rates of what does not learn at that of Adam. */
const RATES: { [name: string]: number } = { LOMO: 0.2, MeZO: 1e-3, 'MeZO, chunked loss': 1e-3 };

describe('bytes', () => {
  const cases: [string, Plan['slots'], Partial<Plan['model']>?][] = [
    ['plain', {}],
    ['tied head', {}, { tiedEmbeddings: true }],
    ['checkpoint of three of five layers', { backward: use('checkpoint', { every: 3 }) }, { layers: 5 }],
    ['packed checkpoints', { backward: use('checkpoint', { every: 2 }), activations: use('int8', { group: 64 }) }, { layers: 4 }],
    ['streambp with packed boundaries', { backward: use('streambp', { chunk: 6, logits: 9 }), activations: use('int8') }],
    ['layerwise GaLore in 8 bits', { optimizer: use('galore', { rank: 4, every: 3, inner: 'adamw8bit', layerwise: true }) }],
    ['layerwise GaLore, tied', { optimizer: use('galore', { rank: 4, every: 3, layerwise: true }) }, { tiedEmbeddings: true }],
    ['adapters on NF4', { weights: use('nf4'), train: use('lora', { rank: 2, dropout: 0.1 }), optimizer: use('adamw8bit') }],
    ['2-bit activations, Lion', { activations: use('int2', { group: 64 }), optimizer: use('lion') }],
    ['LOMO', { optimizer: use('lomo') }],
    [
      'Adafactor with a momentum, in chunks',
      { optimizer: use('adafactor', { momentum: true }), backward: use('streambp', { chunk: 6 }) },
    ],
    ['Adam-mini, tied', { optimizer: use('adam-mini') }, { tiedEmbeddings: true }],
    ['Muon, bf16 weights', { optimizer: use('muon'), weights: use('bf16') }],
    ['fp16 weights that learn', { weights: use('fp16'), loss: use('cut-cross-entropy') }],
    ['fp16 kept activations', { precision: use('amp-fp16') }],
    [
      'bf16 kept activations and matrices under streambp',
      { precision: use('amp-bf16'), weights: use('bf16'), backward: use('streambp', { chunk: 8 }) },
    ],
    ['bf16 weights that learn, layer by layer', { weights: use('bf16'), optimizer: use('galore', { rank: 4, layerwise: true }) }],
    ['APOLLO', { optimizer: use('apollo', { rank: 4, every: 2 }) }],
    ['APOLLO-Mini from its seed', { optimizer: use('apollo-mini', { projection: 'seed', every: 3 }) }],
    ['MeZO', { optimizer: use('mezo', { eps: 1e-3 }) }],
    ['MeZO, chunked loss', { optimizer: use('mezo', { eps: 1e-3 }), loss: use('chunked', { chunk: 5 }) }],
    ['cut cross-entropy', { loss: use('cut-cross-entropy'), activations: use('int8') }],
    ['chunked loss, SGD', { loss: use('chunked', { chunk: 5 }), optimizer: use('sgd', { momentum: 0.9 }) }],
  ];
  for (const [name, slots, model] of cases)
    it(`counted equal predicted over five steps: ${name}`, async () => {
      const plan = planOf(slots, model);
      const opened = await softwareDevice();
      const live = opened.counter.live();
      opened.counter.reset();
      const trainer = await createTrainer(opened, recipeOf(plan), initialWeights(plan.model, 1), 1);
      const { predicted } = trainer.program;
      const losses: number[] = [];
      for (let step = 0; step < 5; step++)
        losses.push(await trainer.step(step, batchAt(TEXT, 0, 1, 2, 19, 256), RATES[name] ?? 3e-3));
      expect(trainer.program.highWater()).toBe(predicted.live);
      expect(opened.counter.peak() - live).toBe(predicted.buffers);
      expect(predicted.arena).toBeGreaterThanOrEqual(predicted.live);
      // The placement leaves little between the tensors.
      expect(predicted.arena).toBeLessThan(predicted.live * 1.1);
      expect(losses[4]).toBeLessThan(losses[0] as number);
      trainer.destroy();
      expect(opened.counter.live()).toBe(live);
    });
});

describe('a device that goes', () => {
  it('ends the step in words', async () => {
    const { openDevice } = await import('../../src/runner/device');
    const opened = await openDevice('software');
    const plan = planOf({});
    const trainer = await createTrainer(opened, recipeOf(plan), initialWeights(plan.model, 1), 1);
    opened.device.destroy();
    const step = trainer.step(0, batchAt(TEXT, 0, 1, 2, 19, 256), 1e-3);
    await expect(step).rejects.toBeInstanceOf(RunnerError);
    await expect(step).rejects.toMatchObject({ code: expect.stringMatching(/device-lost|gpu/) });
  });
});
