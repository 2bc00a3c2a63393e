/** Gradient accumulation on the software driver: the gradients of one batch, in the predicted bytes. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { equalsOneBatch } from '../../src/runner/checks/accumulate';
import type { CheckEvent } from '../../src/runner/checks/context';
import { batchAt } from '../../src/runner/data';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import { recipeOf } from '../../src/techniques/recipe-of';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

const ACCUMULATE = 3;
const accumulated = (slots: Plan['slots'], model: Partial<Plan['model']> = {}): Plan => ({
  ...planOf(slots, model),
  accumulate: ACCUMULATE,
});
const batchOf = (plan: Plan, step = 0) => batchAt(TEXT, step, 1, plan.batch, plan.sequence, plan.model.vocab, plan.accumulate);

describe('micro-batches', () => {
  const plans: [string, Plan][] = [
    ['plain', accumulated({})],
    ['tied head', accumulated({}, { tiedEmbeddings: true })],
    ['adapters', accumulated({ train: use('lora', { rank: 2 }) })],
  ];
  for (const [name, plan] of plans)
    it(`have the gradients of one batch of all their samples: ${name}`, async () => {
      const checks: CheckEvent[] = [];
      await equalsOneBatch({
        opened: await softwareDevice(),
        plan,
        slot: 'backward',
        use: use('standard'),
        seed: 3,
        batch: batchOf(plan),
        weights: initialWeights(plan.model, 1),
        shared: new Map(),
        report: (one) => checks.push({ type: 'check', technique: 'accumulate', ...one }),
      });
      expect(checks).toHaveLength(1);
      for (const one of checks) expect(one.passed, JSON.stringify(one)).toBe(true);
    });

  const cases: [string, Plan['slots'], Partial<Plan['model']>?][] = [
    ['plain', {}],
    ['checkpoint of three of five layers', { backward: use('checkpoint', { every: 3 }) }, { layers: 5 }],
    ['streambp, 8-bit activations', { backward: use('streambp', { chunk: 6, logits: 9 }), activations: use('int8') }],
    ['cut cross-entropy, 8-bit moments', { loss: use('cut-cross-entropy'), optimizer: use('adamw8bit') }],
    ['adapters on NF4', { weights: use('nf4'), train: use('lora', { rank: 2, dropout: 0.1 }) }],
  ];
  for (const [name, slots, model] of cases)
    it(`learn in the predicted bytes: ${name}`, async () => {
      const plan = accumulated(slots, model);
      const opened = await softwareDevice();
      const live = opened.counter.live();
      opened.counter.reset();
      const trainer = await createTrainer(opened, recipeOf(plan), initialWeights(plan.model, 1), 1);
      const losses: number[] = [];
      for (let step = 0; step < 4; step++) losses.push(await trainer.step(step, batchOf(plan), 3e-3));
      const { predicted } = trainer.program;
      expect(trainer.program.highWater()).toBe(predicted.live);
      expect(opened.counter.peak() - live).toBe(predicted.buffers);
      expect(losses[3]).toBeLessThan(losses[0] as number);
      trainer.destroy();
    });
});
