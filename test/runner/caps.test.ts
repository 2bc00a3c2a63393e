/** Bytes from the other side: a run fits what was predicted, and nothing less. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { underCaps } from '../../src/runner/checks/cap';
import { batchAt } from '../../src/runner/data';
import { Ledger } from '../../src/runner/ledger';
import { drmBytes, nvidiaBytes, residentPeak } from '../../src/runner/process-bytes';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

describe('an arena capped at the predicted peak', () => {
  const cases: [string, Plan['slots']][] = [
    ['plain', {}],
    ['streambp', { backward: use('streambp', { chunk: 6, logits: 9 }) }],
    ['checkpoints in 8 bits', { backward: use('checkpoint', { every: 2 }), activations: use('int8') }],
    ['layerwise GaLore', { optimizer: use('galore', { rank: 4, every: 3, inner: 'adamw8bit', layerwise: true }) }],
    ['adapters on NF4', { weights: use('nf4'), train: use('lora', { rank: 2 }), loss: use('cut-cross-entropy') }],
    ['MeZO', { optimizer: use('mezo', { eps: 1e-3 }) }],
  ];
  for (const [name, slots] of cases)
    it(`runs; one block lower it is refused: ${name}`, async () => {
      const plan = planOf(slots);
      const opened = await softwareDevice();
      const recipe = recipeOf(plan);
      const weights = initialWeights(plan.model, 1);
      const batches = [0, 1].map((step) => batchAt(TEXT, step, 1, plan.batch, plan.sequence, 256));
      const free = await createTrainer(opened, recipe, weights, 1);
      const losses: number[] = [];
      for (const [index, batch] of batches.entries()) losses.push(await free.step(index, batch, 1e-3));
      const { predicted } = free.program;
      free.destroy();
      const live = opened.counter.live();
      opened.counter.reset();
      const run = { opened, recipe, weights, seed: 1, batches, learningRate: 1e-3 };
      // The same seed gives the same bits, capped or not, and no buffer is left of what was refused.
      expect(await underCaps({ ...run, predicted })).toEqual({ again: losses, wrong: 0 });
      expect(opened.counter.peak() - live).toBe(predicted.buffers);
      expect(opened.counter.live()).toBe(live);
      // A prediction that is too low or too high is found out.
      const off = (by: number) => underCaps({ ...run, predicted: { live: predicted.live + by, arena: predicted.arena + by } });
      expect((await off(-256)).wrong).toBe(1);
      expect((await off(256)).wrong).toBe(2);
    });
});

describe('the books', () => {
  it('refuse what would not fit, and say what and how much', () => {
    const books = new Ledger(1024);
    books.bind('a', 0, 768, 768);
    expect(() => books.bind('b', 768, 512, 512)).toThrow(/capped at 1024 bytes: b needs 512, and 768 are in use/);
    books.unbind(0);
    books.bind('b', 768, 512, 512);
    expect(books.highWater).toBe(768);
    expect(() => books.bind('c', 1024, 256, 256)).toThrow(/c would lie over b/);
  });
});

describe("the system's own reading", () => {
  it('is taken from the status of the process', () => {
    expect(residentPeak('Name:\tnode\nVmPeak:\t  9 kB\nVmHWM:\t  2048 kB\n')).toBe(2 ** 21);
    expect(residentPeak('')).toBeUndefined();
  });
  it('is taken from the graphics driver, each client once', () => {
    const client = 'drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-pdev:\t0000:03:00.0\n';
    const other = client.replace('7', '8');
    const memory = 'drm-total-vram:\t16 MiB\ndrm-total-gtt:\t2048 KiB\ndrm-engine-gfx:\t5 ns\n';
    expect(drmBytes([`pos:\t0\n`, client + memory, client + memory, `${other}drm-memory-vram:\t100\n`])).toBe(18 * 2 ** 20 + 100);
    expect(drmBytes(['pos:\t0\n'])).toBeUndefined();
  });
  it("is taken from the card's own list of processes", () => {
    expect(nvidiaBytes('12, 300\n4711, 512\n', 4711)).toBe(2 ** 29);
    expect(nvidiaBytes('12, 300\n', 4711)).toBeUndefined();
    expect(nvidiaBytes('4711, [N/A]\n', 4711)).toBeUndefined();
  });
});
