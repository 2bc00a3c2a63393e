import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes } from '../../src/plan/format';
import { findDevice } from '../../src/plan/presets/devices';
import { findModel } from '../../src/plan/presets/models';
import type { Plan } from '../../src/plan/types';
import { extreme, find, judge, sweep } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { type Expression, evaluate, plansOf } from '../../src/planner/expression';
import { knobOf } from '../../src/planner/knobs';
import type { Estimate } from '../../src/planner/types';

const model = findModel('gpt2');
const device = findDevice('RTX 4090');
if (!model || !device) throw new Error('presets');
const plan: Plan = { name: 'p', model, device, batch: 2, sequence: 512, accumulate: 1, slots: {}, lists: {}, order: [] };

describe('the extreme value that serves', () => {
  const range = { min: 1, max: 1_000_000 };

  it('is exact at any border, from any start, both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (border, current) => {
        expect(extreme({ ...range, current }, 'max', (value) => value <= border)).toEqual({ value: border });
        expect(extreme({ ...range, current }, 'min', (value) => value >= border)).toEqual({ value: border });
      }),
    );
  });

  it('is undefined where nothing serves', () => {
    expect(extreme({ ...range, current: 7 }, 'max', () => false)).toBeUndefined();
  });

  it('looks past a border that is not the last one, and says that the range has a gap', () => {
    const gap = (value: number) => value <= 1000 || (value > 1500 && value <= 3000);
    const found = extreme({ ...range, current: 10 }, 'max', gap);
    expect(found?.value).toBe(3000);
    expect(gap(found?.uneven ?? 1)).toBe(false);
    const narrow = (value: number) => value <= 1000 || (value > 1005 && value <= 1100);
    expect(extreme({ ...range, current: 10 }, 'max', narrow)?.value).toBe(1100);
  });

  it('notices a gap close to the border, where an allocator makes them', () => {
    const gap = (value: number): boolean => value <= 25_136 && !(value >= 25_018 && value < 25_088);
    const found = extreme({ min: 1, max: 2 ** 20, current: 4096 }, 'max', gap);
    expect(found).toEqual({ value: 25_136, uneven: 25_087 });
  });

  it('says where a range does not reach the near end', () => {
    expect(extreme({ ...range, current: 40 }, 'max', (value) => value >= 20 && value <= 50)).toEqual({ value: 50, uneven: 19 });
    expect(extreme({ ...range, current: 40 }, 'min', (value) => value >= 20 && value <= 50)).toEqual({ value: 20, uneven: 51 });
  });

  it('always serves, and asks few times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 64 }), fc.nat(60), (step, current) => {
        let asked = 0;
        const serves = (value: number) => {
          asked++;
          return Math.ceil(value / step) * step + (value % 7) <= 5000;
        };
        const found = extreme({ ...range, current: current + 1 }, 'max', serves);
        expect(found && serves(found.value)).toBe(true);
        expect(asked).toBeLessThan(200);
      }),
    );
  });
});

describe('find', () => {
  it('gives a batch that fits, where the next one does not', () => {
    const { value } = find(plan, { name: 'batch' }, 'max', estimate);
    if (value === undefined) throw new Error('no answer');
    expect(estimate({ ...plan, batch: value }).fits).toBe(true);
    expect(estimate({ ...plan, batch: value + 1 }).fits).toBe(false);
  });

  it('holds what the plan requires', () => {
    const limit = 8 * 1024 ** 3;
    const condition = {
      operator: '<=',
      left: { kind: 'figure', figure: 'peak' },
      right: { kind: 'number', value: limit },
    } as const;
    const { value, breaks } = find(plan, { name: 'batch' }, 'max', estimate, [condition]);
    if (value === undefined) throw new Error('no answer');
    expect(breaks).toBe(0);
    const loose = { ...condition, right: { kind: 'number', value: 1e15 } } as const;
    expect(find(plan, { name: 'batch' }, 'max', estimate, [loose]).breaks).toBeUndefined();
    expect(estimate({ ...plan, batch: value }).peak.allocated).toBeLessThanOrEqual(limit);
    expect(estimate({ ...plan, batch: value + 1 }).peak.allocated).toBeGreaterThan(limit);
  });

  it('says which requirement leaves no value, where the card would hold one', () => {
    const tight = {
      operator: '<=',
      left: { kind: 'figure', figure: 'peak' },
      right: { kind: 'number', value: 1024 },
    } as const;
    expect(find(plan, { name: 'batch' }, 'max', estimate, [tight])).toEqual({
      reason: 'no value fits the card and holds what is required: with `batch 1` it fits',
      breaks: 0,
    });
  });

  it('says why there is none', () => {
    const small = { ...plan, device: { ...device, memory: 1024 ** 3, reserve: 0 } };
    const { reason } = find(small, { name: 'batch' }, 'max', estimate);
    const { peak, categories } = estimate({ ...small, batch: 1 });
    expect(reason).toBe(
      `no value fits the card: with \`batch 1\` its tensors need ${formatBytes(peak.allocated)}, the largest part optimizer states, ${formatBytes(categories.optimizer)}`,
    );
    // Whichever end asks for less.
    expect(find(small, { name: 'batch' }, 'min', estimate).reason).toBe(reason);
    expect(find(plan, { name: 'batsch' }, 'max', estimate).reason).toContain('Did you mean `batch`');
  });
});

describe('find of a share', () => {
  const frugal: Plan = { ...plan, slots: { optimizer: { name: 'frugal', args: {} } }, order: ['optimizer'] };
  const at = (density: number): Estimate =>
    estimate({ ...frugal, slots: { optimizer: { name: 'frugal', args: { density } } }, order: [] });

  it('gives the hundredth that holds, where the next one does not', () => {
    const limit = (at(0.4).peak.allocated + at(0.41).peak.allocated) / 2;
    const condition = {
      operator: '<=',
      left: { kind: 'figure', figure: 'peak' },
      right: { kind: 'number', value: limit },
    } as const;
    expect(find(frugal, { name: 'density' }, 'max', estimate, [condition])).toMatchObject({ value: 0.4, breaks: 0 });
  });

  it('ends before a value that may not be written, and with one that may', () => {
    const lora: Plan = { ...plan, slots: { train: { name: 'lora', args: {} } }, order: ['train'] };
    // A word of the model comes before an argument.
    expect(knobOf(lora, { name: 'dropout' })).toMatchObject({ current: 0.1 });
    expect(find(lora, { name: 'lora', member: 'dropout' }, 'max', estimate)).toEqual({ value: 0.99, atLimit: true });
    expect(find(frugal, { name: 'density' }, 'max', estimate)).toEqual({ value: 1, atLimit: true });
    expect(find(frugal, { name: 'density' }, 'min', estimate)).toEqual({ value: 0, atLimit: true });
  });
});

describe('numbers that cards cannot share', () => {
  const split: Plan = { ...plan, lists: { parallel: [{ name: 'tensor', args: { n: 2 } }] } };

  it('are no points of a sweep', () => {
    expect(sweep(split, { name: 'n' }, [2, 3, 5, 4], estimate).map(({ value }) => value)).toEqual([2, 3, 4]);
  });

  it('are none of the values that a search goes through', () => {
    expect(find(split, { name: 'n' }, 'max', estimate)).toEqual({ value: 12, atLimit: true });
    expect(find(split, { name: 'n' }, 'min', estimate)).toEqual({ value: 1, atLimit: true });
    // Of 12 heads on 6 cards there is no width but a multiple of both.
    const six: Plan = { ...split, lists: { parallel: [{ name: 'tensor', args: { n: 6 } }] } };
    const { value, uneven } = find(six, { name: 'ffn' }, 'max', estimate);
    if (value === undefined) throw new Error('no answer');
    const wide = (ffn: number) => estimate({ ...six, model: { ...model, ffn } }).fits;
    expect([value % 6, uneven, wide(value), wide(value + 6)]).toEqual([0, undefined, true, false]);
  });
});

describe('knobs', () => {
  it('are the widths of the model, and experts where it has any', () => {
    const mixture = findModel('mistralai/Mixtral-8x7B-v0.1');
    if (!mixture) throw new Error('preset');
    expect(knobOf({ ...plan, model: mixture }, { name: 'experts' })).toMatchObject({ current: 8 });
    expect(
      find({ ...plan, model: mixture, device: { ...device, memory: 2 ** 50 } }, { name: 'experts' }, 'min', estimate),
    ).toMatchObject({ value: 2, atLimit: true });
    expect(knobOf(plan, { name: 'experts' })).toHaveProperty('problem');
    const { value } = find(plan, { name: 'hidden' }, 'max', estimate);
    const wide = (hidden: number) => estimate({ ...plan, model: { ...model, hidden } }).fits;
    expect([wide(value ?? 0), wide((value ?? 0) + 1)]).toEqual([true, false]);
  });

  it('are the numbers of the card, in whole MiB', () => {
    const MiB = 1024 ** 2;
    const { value, unit } = find(plan, { name: 'memory' }, 'min', estimate);
    if (value === undefined) throw new Error('no answer');
    const on = (memory: number) => estimate({ ...plan, device: { ...device, memory } }).fits;
    expect([unit, value % MiB, on(value), on(value - MiB)]).toEqual(['bytes', 0, true, false]);
    const most = find(plan, { name: 'reserve' }, 'max', estimate).value ?? 0;
    const kept = (reserve: number) => estimate({ ...plan, device: { ...device, reserve } }).fits;
    expect([kept(most), kept(most + MiB)]).toEqual([true, false]);
  });

  it('are the speeds of the card, which a time that is required wants', () => {
    const { step } = estimate(plan).time;
    const quick = {
      operator: '<=',
      left: { kind: 'figure', figure: 'time' },
      right: { kind: 'number', value: step * 0.95 },
    } as const;
    const { value, unit, breaks } = find(plan, { name: 'bandwidth' }, 'min', estimate, [quick]);
    const at = (bandwidth: number) => estimate({ ...plan, device: { ...device, bandwidth } }).time.step <= step * 0.95;
    expect([unit, breaks, at(value ?? 0), at((value ?? 0) - 1e8)]).toEqual(['bytes/s', 0, true, false]);
  });

  it('end where the host has no more memory for what is put there', () => {
    const moved: Plan = { ...plan, lists: { offload: [{ name: 'optimizer', args: {} }] } };
    const { host } = estimate(moved);
    const least = find(moved, { name: 'host-memory' }, 'min', estimate);
    expect(least.value).toBe(1024 ** 2 * Math.ceil((host?.cpu ?? 0) / 1024 ** 2));
    expect(least.host).toBe(true);
    const swept = sweep(moved, { name: 'host-memory' }, [(least.value ?? 0) - 1024 ** 2, least.value ?? 0], estimate);
    expect(swept.map(({ fits }) => fits)).toEqual([false, true]);
    const poor: Plan = { ...moved, device: { ...device, hostMemory: (host?.cpu ?? 0) - 1 } };
    expect(find(poor, { name: 'batch' }, 'max', estimate).reason).toMatch(
      /^no value fits the host: with `batch 1` it must hold \d+\.\d MiB$/,
    );
    expect(find(poor, { name: 'layers' }, 'max', estimate)).toMatchObject({ value: model.layers - 1, host: true });
  });

  it('are those of a technique inside another too', () => {
    const inner: Plan = {
      ...plan,
      slots: { optimizer: { name: 'galore', args: { rank: 8, inner: { name: 'adamw8bit', args: { block: 256 } } } } },
    };
    const knob = knobOf(inner, { name: 'block' });
    if ('problem' in knob) throw new Error(knob.problem);
    expect(knob.current).toBe(256);
    expect(knob.set(64).slots.optimizer?.args.inner).toEqual({ name: 'adamw8bit', args: { block: 64 } });
  });

  it('say why a number means nothing to a plan, and where one is that stands elsewhere', () => {
    const problem = (name: string) => {
      const knob = knobOf(plan, { name });
      return 'problem' in knob ? knob.problem : undefined;
    };
    expect(problem('patch')).toBe('`patch` means nothing here: a gpt2 model reads no images');
    expect(problem('active-experts')).toContain('has no experts');
    expect(problem('seed')).toContain('`run` block');
    expect(problem('peak')).toContain('`require`');
    expect(problem('optimizer')).toContain('is no number');
    expect(problem('positions')).toBeUndefined();
  });

  it('turn arguments of the techniques in use, defaults included, and leave the plan as it was', () => {
    const galore: Plan = { ...plan, slots: { optimizer: { name: 'galore', args: { rank: 8 } } }, order: ['optimizer'] };
    const knob = knobOf(galore, { name: 'every' });
    if ('problem' in knob) throw new Error(knob.problem);
    expect(knob.current).toBe(200);
    expect(knob.set(50).slots.optimizer).toEqual({ name: 'galore', args: { rank: 8, every: 50 } });
    expect(galore.slots.optimizer?.args).toEqual({ rank: 8 });
  });

  it('want the technique said where two have the argument', () => {
    const both: Plan = {
      ...plan,
      slots: { backward: { name: 'streambp', args: {} }, loss: { name: 'chunked', args: {} } },
      order: ['backward', 'loss'],
    };
    expect(knobOf(both, { name: 'chunk' })).toMatchObject({
      problem: expect.stringContaining('`streambp.chunk` or `chunked.chunk`'),
    });
    expect(knobOf(both, { name: 'streambp', member: 'chunk' })).not.toHaveProperty('problem');
  });
});

it('a sweep is one estimate for each value', () => {
  const points = sweep(plan, { name: 'sequence' }, [128, 256, 512], estimate);
  expect(points.map(({ value }) => value)).toEqual([128, 256, 512]);
  for (const { value, allocated } of points) expect(allocated).toBe(estimate({ ...plan, sequence: value }).peak.allocated);
});

describe('conditions', () => {
  const own = estimate(plan);
  const other: Estimate = { ...own, name: 'q', time: { step: own.time.step * 2, tokensPerSecond: 1 } };
  const figure = (name: 'peak' | 'time', of?: string): Expression => ({
    kind: 'figure',
    figure: name,
    ...(of ? { plan: of } : {}),
  });

  it('read their own plan and others', () => {
    const right: Expression = { kind: 'binary', operator: '*', left: { kind: 'number', value: 0.5 }, right: figure('time', 'q') };
    const verdict = judge({ operator: '<=', left: figure('time'), right }, own, (name) => (name === 'q' ? other : undefined));
    expect(verdict).toEqual({ left: own.time.step, right: own.time.step, holds: true });
    expect(plansOf(right)).toEqual(['q']);
  });

  it('are not judged where a plan has no estimate', () => {
    expect(
      judge({ operator: '<=', left: figure('time'), right: figure('time', 'r') }, own, () => undefined).holds,
    ).toBeUndefined();
  });

  it('compute', () => {
    const number = (value: number): Expression => ({ kind: 'number', value });
    const value = evaluate(
      { kind: 'extreme', of: 'max', args: [number(2), { kind: 'binary', operator: '-', left: number(7), right: number(3) }] },
      () => undefined,
    );
    expect(value).toBe(4);
  });
});
