/** Q-GaLore on the software driver: its checks, its refreshes, and bytes over steps in which refreshes grow rare. */
import { describe, expect, it } from 'vitest';
import type { CheckEvent } from '../../src/runner/checks/context';
import { batchAt } from '../../src/runner/data';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { check } from '../../src/techniques/q-galore/check';
import { lazyTurns } from '../../src/techniques/q-galore/turns';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

const stated = (args = {}) => use('q-galore', { rank: 8, every: 2, scale: 0.25, packed: false, ...args });

describe('Q-GaLore', () => {
  for (const packed of [false, true])
    it(`passes its checks, projector ${packed ? 'packed' : 'a code a byte'}`, async () => {
      const checks: CheckEvent[] = [];
      const plan = planOf({ optimizer: stated({ packed }) });
      await check({
        opened: await softwareDevice(),
        plan,
        slot: 'optimizer',
        use: stated({ packed }),
        seed: 3,
        batch: batchAt(TEXT, 0, 1, 2, 19, 256),
        weights: initialWeights(plan.model, 1),
        shared: new Map(),
        report: (one) => checks.push({ type: 'check', technique: 'q-galore', ...one }),
      });
      expect(checks).toHaveLength(10);
      for (const one of checks) expect(one.passed, JSON.stringify(one)).toBe(true);
    });

  it('doubles the gap after five like refreshes, and again at the next ones', () => {
    const turns = lazyTurns(10);
    const due: number[] = [];
    for (let step = 0; step <= 200; step++) {
      if (!turns.due('w@1', step)) continue;
      due.push(step);
      // A vector and its opposite span the same.
      turns.seen('w@1', step, step % 20 === 0 ? 0.9 : -0.9);
    }
    // Five looks back are there at step 50; from then on the gap doubles at every refresh.
    expect(due).toEqual([0, 10, 20, 30, 40, 50, 60, 80, 160]);
    expect(turns.due('w@2', 10)).toBe(true);
  });

  it('keeps the gap while refreshes find something else', () => {
    const turns = lazyTurns(5);
    for (let step = 0; step <= 100; step += 5) {
      expect(turns.due('w', step)).toBe(true);
      turns.seen('w', step, step % 10 === 0 ? 0.5 : 0.05);
    }
  });

  it('learns with the predicted bytes while refreshes grow rare, and stores what it learnt', async () => {
    const plan = planOf({ optimizer: stated({ every: 1, packed: true }) });
    const opened = await softwareDevice();
    const live = opened.counter.live();
    opened.counter.reset();
    const source = initialWeights(plan.model, 1);
    const trainer = await createTrainer(opened, recipeOf(plan), source, 1);
    const { predicted } = trainer.program;
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) losses.push(await trainer.step(step, batchAt(TEXT, 0, 1, 2, 19, 256), 0.01));
    expect(trainer.program.highWater()).toBe(predicted.live);
    expect(opened.counter.peak() - live).toBe(predicted.buffers);
    expect(losses[11]).toBeLessThan(0.5 * (losses[0] as number));
    const weight = trainer.trained.find(({ weight: { name } }) => name === 'mlp.up')?.weight;
    const learnt = await trainer.weight('mlp.up', 0);
    const before = source(weight as never, 0);
    const moved = learnt.reduce((most, value, i) => Math.max(most, Math.abs(value - (before[i] as number))), 0);
    expect(moved).toBeGreaterThan(0.01);
    expect(moved).toBeLessThan(0.5);
    trainer.destroy();
  });
});
