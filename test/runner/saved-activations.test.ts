/** What is kept from forward to backward in fewer bits: its codes, its bias, its bytes, and what gradients make of it. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { float8Code, float8Value } from '../../src/techniques/fp8/formats';
import { checksOf, trained, written } from './contexts';
import { use } from './plans';

describe('checks hold', () => {
  const cases: [ReturnType<typeof use>, number][] = [
    [use('int8', { group: 256, rounding: 'stochastic' }), 5],
    [use('int8', { group: 16, rounding: 'stochastic' }), 5],
    [use('int8', { group: 250, rounding: 'nearest' }), 3],
    [use('int4', { group: 128, rounding: 'stochastic' }), 5],
    [use('int4', { group: 37, rounding: 'nearest' }), 3],
    [use('int2', { group: 64, rounding: 'stochastic' }), 5],
    [use('int2', { group: 19, rounding: 'nearest' }), 3],
    [use('fp8', { group: 16, format: 'e4m3', expand: false }), 6],
    [use('fp8', { group: 37, format: 'e5m2', expand: false }), 6],
    [use('fp8', { group: 32, format: 'e4m3', expand: true }), 5],
    [use('fp8', { group: 128, format: 'e5m2', expand: true }), 5],
    [use('column-row-sampling', { share: 0.25 }), 6],
  ];
  for (const [tested, count] of cases)
    it(written(tested), async () => {
      const checks = await checksOf('activations', tested);
      expect(checks).toHaveLength(count);
      for (const check of checks) expect(check.passed, JSON.stringify(check)).toBe(true);
    });
});

describe('8-bit floats', () => {
  it('have the published values', () => {
    expect([0x7e, 0x08, 0x01, 0x38, 0xb8].map((code) => float8Value('e4m3', code))).toEqual([448, 2 ** -6, 2 ** -9, 1, -1]);
    expect([0x7b, 0x04, 0x01, 0x3c].map((code) => float8Value('e5m2', code))).toEqual([57_344, 2 ** -14, 2 ** -16, 1]);
    expect([float8Value('e5m2', 0x7c), float8Value('e5m2', 0xfc)]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect([float8Value('e4m3', 0x7f), float8Value('e4m3', 0xff), float8Value('e5m2', 0x7d)]).toEqual([NaN, NaN, NaN]);
  });
  it('round ties to even codes and stay at the largest', () => {
    // 17 lies between 16 and 18, 19 between 18 and 20: both go to the even fraction.
    expect([17, 19, 1e9, -500].map((value) => float8Value('e4m3', float8Code('e4m3', value)))).toEqual([16, 20, 448, -448]);
  });
});

describe('bytes and losses over five steps', () => {
  const cases: [string, Plan['slots']][] = [
    ['fp8', { activations: use('fp8') }],
    ['fp8, expanded, on checkpoints', { activations: use('fp8', { expand: true }), backward: use('checkpoint', { every: 2 }) }],
    ['fp8 under streambp', { activations: use('fp8', { group: 20 }), backward: use('streambp', { chunk: 6, logits: 9 }) }],
    [
      'sampled rows under streambp',
      { activations: use('column-row-sampling', { share: 0.5 }), backward: use('streambp', { chunk: 12 }) },
    ],
    [
      'sampled rows of adapters that drop out, layer by layer',
      { activations: use('column-row-sampling'), train: use('lora', { rank: 2, dropout: 0.1 }), weights: use('nf4') },
    ],
    ['4 bits to nearest', { activations: use('int4', { group: 100, rounding: 'nearest' }) }],
  ];
  for (const [name, slots] of cases)
    it(name, async () => {
      const { losses, predicted, counted } = await trained(slots);
      expect(counted).toEqual(predicted);
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    });

  it('shrink with the codes', async () => {
    const live = async (slots: Plan['slots']) =>
      (await trained({ ...slots, optimizer: use('lomo') }, { layers: 8 }, 3e-3, 1)).predicted.live;
    const exact = await live({});
    expect(await live({ activations: use('fp8') })).toBeLessThan(exact);
    expect(await live({ activations: use('int4') })).toBeLessThan(await live({ activations: use('int8') }));
  });
});
