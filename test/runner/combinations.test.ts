/**
 * Any executable techniques that may stand together, with any arguments, on any small model: two steps, predicted bytes counted
 * to the byte, and losses that are numbers. `COMBINATIONS=200` tries more of them than every run of the tests does.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Plan, TECHNIQUE_SLOTS, type TechniqueSlot, type Use } from '../../src/plan/types';
import { scorerOf, toAnswers } from '../../src/runner/answers';
import { type Batch, batchAt } from '../../src/runner/data';
import type { Opened } from '../../src/runner/device';
import { proxyOf } from '../../src/runner/proxy';
import { createTrainer } from '../../src/runner/trainer';
import { initialWeights, type WeightSource } from '../../src/runner/weights';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { recipeOf } from '../../src/techniques/recipe-of';
import { findTechnique, specsOf } from '../../src/techniques/registry';
import { anyUse, compatible } from '../techniques/any';
import { planOf, TEXT } from './plans';
import { softwareDevice } from './software';

const RUNS = Number(process.env.COMBINATIONS ?? 12);

/** Names by slot of what the runner executes. */
const EXECUTABLE = TECHNIQUE_SLOTS.flatMap((slot) => {
  const names = specsOf(slot).flatMap(({ name }) => (findTechnique(slot, name)?.webgpu ? [name] : []));
  return names.length > 0 && slot !== 'engine' ? [{ slot, names }] : [];
});

const anySlots = fc.tuple(
  fc.constantFrom(...EXECUTABLE).chain(({ slot, names }) => anyUse(slot, names).map((use) => ({ slot, use }))),
  fc.record(Object.fromEntries(EXECUTABLE.map(({ slot, names }) => [slot, anyUse(slot, names)])), { requiredKeys: [] }),
);

const anyRun = fc
  .record({
    layers: fc.integer({ min: 1, max: 3 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 2 }),
    half: fc.integer({ min: 1, max: 6 }),
    ffn: fc.integer({ min: 5, max: 70 }),
    vocab: fc.integer({ min: 256, max: 270 }),
    sequence: fc.integer({ min: 2, max: 24 }),
    batch: fc.integer({ min: 1, max: 3 }),
    tied: fc.boolean(),
    // Much is refused of more than one.
    accumulate: fc.constantFrom(1, 1, 2, 3),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ kvHeads, groups, half, tied, accumulate, ...run }) => {
    const heads = kvHeads * groups;
    return { tied, accumulate, run: { ...run, kvHeads, heads, hidden: heads * 2 * half, steps: 2 } };
  });

const combinations = fc
  .tuple(anySlots, anyRun)
  .map(([[first, others], { tied, accumulate, run }]) => ({
    plan: compatible({ ...planOf({}, { tiedEmbeddings: tied }), accumulate }, first, others as { [slot in TechniqueSlot]?: Use }),
    run,
  }))
  .filter(({ plan }) => conflictsOf(plan).length === 0 && refusalsOf(plan).length === 0)
  // What one needs may be no technique that the runner executes.
  .filter(({ plan }) =>
    Object.entries(plan.slots).every(
      ([slot, use]) => slot === 'engine' || findTechnique(slot as TechniqueSlot, use.name)?.webgpu,
    ),
  );

const described = (plan: Plan): string =>
  Object.entries(plan.slots)
    .map(([slot, use]) => `${slot} ${use.name}(${JSON.stringify(use.args)})`)
    .join(', ');

/** A batch of text for each of two steps, or of answers that the first weights have scored. */
async function batchesOf(opened: Opened, plan: Plan, weights: WeightSource, seed: number): Promise<Batch[]> {
  const { batch, sequence, model, accumulate } = plan;
  const texts = [0, 1].map((step) => batchAt(TEXT, step, seed, batch, sequence, model.vocab, accumulate));
  const { objective } = recipeOf(plan).webgpu;
  if (!objective) return texts;
  const scorer = await scorerOf(opened, plan, weights, seed);
  try {
    const scored: Batch[] = [];
    for (const text of texts) scored.push(await scorer.score(toAnswers(objective, text, plan, seed)));
    return scored;
  } finally {
    scorer.destroy();
  }
}

describe('any combination of techniques', () => {
  it(
    'takes two steps in the predicted bytes',
    async () => {
      const opened = await softwareDevice();
      await fc.assert(
        fc.asyncProperty(combinations, async ({ plan, run }) => {
          const { plan: proxy, settings, learningRate } = proxyOf(plan, { ...run, plan: plan.name });
          const weights = initialWeights(proxy.model, settings.seed);
          const batches = await batchesOf(opened, proxy, weights, settings.seed);
          const live = opened.counter.live();
          opened.counter.reset();
          const trainer = await createTrainer(opened, recipeOf(proxy), weights, settings.seed);
          try {
            for (const [step, batch] of batches.entries()) {
              // A step that hardly moves: a low temperature makes a loss that larger ones would carry away.
              const loss = await trainer.step(step, batch, learningRate / 1000);
              expect(Number.isFinite(loss), `${described(proxy)}: ${loss}`).toBe(true);
            }
            const { predicted } = trainer.program;
            expect(trainer.program.highWater(), described(proxy)).toBe(predicted.live);
            expect(opened.counter.peak() - live, described(proxy)).toBe(predicted.buffers);
          } finally {
            trainer.destroy();
          }
        }),
        { numRuns: RUNS },
      );
    },
    60_000 + RUNS * 10_000,
  );
});
