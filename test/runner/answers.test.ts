/** Losses over answers: the batches, the gradients in every form, and runs that learn from them. */
import { describe, expect, it } from 'vitest';
import { scorerOf, toAnswers } from '../../src/runner/answers';
import { batchAt } from '../../src/runner/data';
import { createTrainer, IGNORED } from '../../src/runner/trainer';
import { initialWeights } from '../../src/runner/weights';
import type { ObjectiveRule } from '../../src/tape/webgpu/rules';
import { recipeOf } from '../../src/techniques/recipe-of';
import { checksOf } from './contexts';
import { planOf, TEXT, use } from './plans';
import { softwareDevice } from './software';

describe('gradients of answers', () => {
  for (const tested of [
    use('dpo', { beta: 0.1, reference: 'precomputed', chunk: 0 }),
    use('dpo', { beta: 2, reference: 'model', chunk: 10 }),
    use('dpo', { beta: 1, reference: 'adapters-off', chunk: 0 }),
    use('grpo', { temperature: 1, reference: 'model', chunk: 0 }),
    use('grpo', { temperature: 0.7, reference: 'none', chunk: 9 }),
  ])
    it(`${tested.name}, ${JSON.stringify(tested.args)}: whole, chunked, streamed, in double precision, by differences`, async () => {
      const runs = tested.args.reference === 'model' || tested.args.reference === 'adapters-off';
      const accumulate = tested.args.chunk === 0 ? 2 : 1;
      const train = tested.args.reference === 'adapters-off' ? { train: use('lora', { rank: 2 }) } : {};
      const checks = await checksOf('loss', tested, train, { accumulate });
      expect(checks).toHaveLength(4 + accumulate + (runs ? 1 : 0));
      for (const check of checks) expect(check, JSON.stringify(check)).toMatchObject({ passed: true, limit: 1e-5 });
    });
});

describe('batches of answers', () => {
  const plan = planOf({});
  const text = batchAt(TEXT, 0, 1, 2, 19, 256);
  it('pair the text with the same bytes in another order after the same prompt', () => {
    const { tokens, targets } = toAnswers({ kind: 'dpo', beta: 1, reference: 'input' }, text, plan, 4);
    expect(tokens).toHaveLength(4 * 19);
    const sample = (at: number) => Array.from({ length: 19 }, (_, position) => targets[position * 4 + at]);
    for (const pair of [0, 1]) {
      const [chosen, rejected] = [sample(pair), sample(pair + 2)];
      expect(chosen.slice(0, 9)).toEqual(new Array(9).fill(IGNORED));
      expect(chosen.slice(9)).toEqual(Array.from({ length: 10 }, (_, i) => text.targets[(9 + i) * 2 + pair]));
      expect(rejected).not.toEqual(chosen);
      expect([...rejected].sort()).toEqual([...chosen].sort());
    }
  });
  it('reward an answer by its blanks', () => {
    const rule: ObjectiveRule = { kind: 'grpo', temperature: 1, distance: 0, clip: 0.2, reference: 'input' };
    const { advantages, targets } = toAnswers(rule, text, plan, 4);
    for (const at of [0, 1]) {
      const answer = Array.from({ length: 10 }, (_, i) => targets[(9 + i) * 2 + at]);
      const share = answer.filter((byte) => byte === 32).length / 10;
      expect(advantages?.[at]).toBeCloseTo(Math.max(-3, Math.min(3, (share - 0.17) / 0.05)), 5);
    }
  });
});

describe('runs over answers', () => {
  for (const [name, slots, first, accumulate] of [
    ['DPO', { loss: use('dpo', { beta: 0.5 }), backward: use('streambp', { chunk: 6, logits: 9 }) }, Math.log(2), 1],
    ['DPO of adapters', { loss: use('dpo', { reference: 'adapters-off' }), train: use('lora', { rank: 4 }) }, Math.log(2), 2],
    ['DPO through reversible layers', { loss: use('dpo', { chunk: 12 }), backward: use('reversible') }, Math.log(2), 1],
    ['GRPO', { loss: use('grpo', { reference: 'precomputed' }), activations: use('int8') }, null, 1],
    ['GRPO beside a model', { loss: use('grpo', { reference: 'model' }), weights: use('bf16') }, null, 2],
  ] as const)
    it(`${name}, ${accumulate} micro-batches: begins where the reference is, learns, and takes the bytes predicted`, async () => {
      const plan = { ...planOf(slots), accumulate };
      const opened = await softwareDevice();
      const recipe = recipeOf(plan);
      const weights = initialWeights(plan.model, 1);
      const scorer = await scorerOf(opened, plan, weights, 1);
      const answers = toAnswers(recipe.webgpu.objective as ObjectiveRule, batchAt(TEXT, 0, 1, 2, 19, 256, accumulate), plan, 1);
      const batch = await scorer.score(answers).finally(() => scorer.destroy());
      const before = opened.counter.live();
      opened.counter.reset();
      const trainer = await createTrainer(opened, recipe, weights, 1);
      const losses: number[] = [];
      for (let step = 0; step < 5; step++) losses.push(await trainer.step(step, batch, 3e-3));
      const { live, buffers } = trainer.program.predicted;
      expect(trainer.program.highWater()).toBe(live);
      expect(opened.counter.peak() - before).toBe(buffers);
      trainer.destroy();
      // The policy is the reference before its first step: u is zero, and every ratio is one.
      const valid = [...batch.targets.keys()].filter((row) => batch.targets[row] !== IGNORED);
      const mean = valid.reduce((sum, row) => sum + (batch.advantages?.[row] ?? 0), 0) / valid.length;
      expect(losses[0]).toBeCloseTo(first ?? -mean, 4);
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    });
});
