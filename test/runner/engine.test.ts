import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import type { CheckContext, CheckEvent } from '../../src/runner/checks/context';
import { equalsReference, equalsStandard, NONE, worst } from '../../src/runner/checks/gradients';
import { type Batch, batchAt, sorted } from '../../src/runner/data';
import type { Opened } from '../../src/runner/device';
import { NORM_EPSILON } from '../../src/runner/ops/model';
import { lossOf, type Weights64 } from '../../src/runner/reference/model';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { runnerWeights } from '../../src/tape/webgpu/step';
import { recipeOf } from '../../src/techniques/recipe-of';
import { noise } from './ops';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

async function contextOf(plan: Plan, slot: CheckContext['slot'], checks: CheckEvent[]): Promise<CheckContext> {
  return {
    opened: await softwareDevice(),
    plan,
    slot,
    use: plan.slots[slot] ?? use('standard'),
    seed: 5,
    batch: batchAt(TEXT, 0, 5, plan.batch, plan.sequence, plan.model.vocab),
    weights: initialWeights(plan.model, 5),
    shared: new Map(),
    report: (check) => checks.push({ type: 'check', technique: slot, ...check }),
  };
}

describe('engine against plain loops in double precision', () => {
  // Widths that vectors of four do and do not fit, one head, ungrouped heads, one sample, a tied head.
  const shapes: [string, Partial<Plan['model']>, { batch: number; sequence: number }][] = [
    ['grouped heads', {}, { batch: 2, sequence: 19 }],
    [
      'odd widths, heads of 6',
      { hidden: 18, heads: 3, kvHeads: 1, headDim: 6, ffn: 21, layers: 1, vocab: 37 },
      { batch: 3, sequence: 9 },
    ],
    [
      'tied head, one head',
      { hidden: 16, heads: 1, kvHeads: 1, headDim: 16, ffn: 12, tiedEmbeddings: true },
      { batch: 1, sequence: 70 },
    ],
    [
      'heads whose loads are shared by four invocations',
      { hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 52, layers: 1 },
      { batch: 2, sequence: 45 },
    ],
    [
      'a head of 96, whose loads are shared',
      { hidden: 96, heads: 1, kvHeads: 1, headDim: 96, ffn: 20, layers: 1, vocab: 64 },
      { batch: 1, sequence: 21 },
    ],
    ['two positions', { layers: 1 }, { batch: 1, sequence: 2 }],
  ];
  for (const [name, model, sizes] of shapes)
    it(name, async () => {
      const plan = planOf({ optimizer: NONE }, model, sizes);
      const recipe = recipeOf(plan);
      const source = initialWeights(plan.model, 3);
      const rows = sizes.batch * sizes.sequence;
      const random = noise(2 * rows, 9).map((value) => Math.floor(((value + 1) / 2) * (plan.model.vocab - 1)));
      const tokens = Uint32Array.from(random.subarray(0, rows));
      const targets = Uint32Array.from(random.subarray(rows));
      const batch: Batch = { tokens, targets, ...sorted(tokens, plan.model.vocab) };
      const trainer = await createTrainer(await softwareDevice(), recipe, source, 1);
      const loss = await trainer.step(0, batch, 0);
      const got = new Map<string, Float32Array>();
      for (const { weight, layer } of trainer.trained)
        got.set(layer === undefined ? weight.name : `${weight.name}@${layer}`, await trainer.gradient(weight.name, layer));
      const stored: Weights64 = new Map();
      const { layer, outside } = runnerWeights(recipe);
      for (const weight of outside) stored.set(weight.name, Float64Array.from(source(weight, undefined)));
      for (let index = 0; index < plan.model.layers; index++)
        for (const weight of layer) stored.set(`${weight.name}@${index}`, Float64Array.from(source(weight, index)));
      const reference = lossOf(
        { ...plan.model, tied: plan.model.tiedEmbeddings, ...sizes, normEpsilon: NORM_EPSILON, adapterRank: 0, adapterScale: 0 },
        stored,
        [...tokens],
        [...targets],
      );
      expect(loss).toBeCloseTo(reference.loss, 5);
      const gradients = reference.gradients();
      const { error, where, parameters } = worst(gradients, got);
      expect(parameters).toBe(gradients.size);
      expect(error, where).toBeLessThan(1e-5);
      expect(trainer.program.highWater()).toBe(trainer.program.predicted.live);
      trainer.destroy();
    });
});

describe('exact techniques', () => {
  const cases: [string, CheckContext['slot'], Plan['slots'], Partial<Plan['model']>?, { batch: number; sequence: number }?][] = [
    ['checkpoint', 'backward', { backward: use('checkpoint') }],
    ['checkpoint of two layers', 'backward', { backward: use('checkpoint', { every: 2 }) }],
    ['streambp, one position', 'backward', { backward: use('streambp', { chunk: 1, logits: 1 }) }],
    ['streambp, uneven', 'backward', { backward: use('streambp', { chunk: 8, logits: 10 }) }],
    ['streambp, longer than the sequence', 'backward', { backward: use('streambp', { chunk: 4096, logits: 4096 }) }],
    [
      'streambp, uneven, with wide heads',
      'backward',
      { backward: use('streambp', { chunk: 7, logits: 10 }) },
      { hidden: 64, heads: 2, kvHeads: 1, headDim: 32, ffn: 64 },
    ],
    [
      'streambp, the last layer with the head, the first ones again',
      'backward',
      { backward: use('streambp', { chunk: 7, logits: 5 }) },
      { layers: 8, hidden: 16, heads: 2, kvHeads: 1, headDim: 8, ffn: 12, vocab: 37 },
      { batch: 1, sequence: 13 },
    ],
    ['chunked loss', 'loss', { loss: use('chunked', { chunk: 12 }) }],
    ['cut cross-entropy', 'loss', { loss: use('cut-cross-entropy') }],
    [
      'cut cross-entropy, in stretches of rows and of words',
      'loss',
      { loss: use('cut-cross-entropy') },
      { layers: 1, hidden: 16, heads: 2, kvHeads: 1, headDim: 8, ffn: 16, vocab: 300 },
      { batch: 2, sequence: 150 },
    ],
    [
      'checkpoint with adapters on NF4 weights',
      'backward',
      {
        backward: use('checkpoint'),
        weights: use('nf4', { 'double-quant': true }),
        train: use('lora', { rank: 4, alpha: 8, targets: ['q', 'v', 'o', 'gate', 'up', 'down'], dropout: 0.2 }),
      },
    ],
    [
      'streambp with adapters',
      'backward',
      {
        backward: use('streambp', { chunk: 5, logits: 7 }),
        train: use('lora', { rank: 3, targets: ['k', 'down'], dropout: 0.1 }),
      },
    ],
  ];
  const adapters: [string, (opened: Opened) => Opened, typeof cases][] = [
    ['', (opened) => opened, cases],
    // Kernels go by the adapter's name: a card's run on the software driver too.
    [
      'with the kernels of a card, ',
      (opened) => ({ ...opened, name: 'a card', architecture: 'unknown' }),
      cases.filter(([name]) => /in stretches/.test(name)),
    ],
  ];
  const every = adapters.flatMap(([kernels, as, some]) => some.map((one) => [kernels, as, ...one] as const));
  for (const [kernels, as, name, slot, slots, model, sizes] of every)
    it(`${kernels}${name}: gradients are the standard backward's and the reference's`, async () => {
      const checks: CheckEvent[] = [];
      const context = await contextOf(planOf(slots, model, sizes), slot, checks);
      await equalsStandard({ ...context, opened: as(context.opened) });
      expect(checks).toHaveLength(3);
      for (const check of checks) expect(check, JSON.stringify(check)).toMatchObject({ passed: true, limit: 1e-5 });
    });

  it('a reference that is off by one part in ten thousand does not pass', async () => {
    const checks: CheckEvent[] = [];
    const context = await contextOf(planOf({}), 'backward', checks);
    // The same model with another epsilon under its norms is a wrong engine as far as the reference goes.
    await equalsReference({ ...context, plan: planOf({}, { hidden: 32 }) }, {});
    expect(checks[0]?.passed).toBe(true);
    const right = new Map([['w', Float32Array.of(1, -2, 3)]]);
    expect(worst(right, new Map([['w', Float32Array.of(1, -2.0003, 3)]])).error).toBeGreaterThan(1e-5);
    expect(worst(right, new Map([['w', Float32Array.of(1, Number.NaN, 3)]])).error).toBe(Number.MAX_VALUE);
    expect(worst(right, new Map([['unknown', Float32Array.of(1)]])).error).toBe(Number.MAX_VALUE);
    expect(worst(new Map([['w', [0]]]), new Map([['w', [1]]])).error).toBe(Number.MAX_VALUE);
  });
});
