import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesAndTime } from '../../src/planner/bytes-and-time';
import { estimate } from '../../src/planner/estimate';
import { explain } from '../../src/planner/explain';
import { heaviest } from '../../src/planner/ranks';
import { stepTime } from '../../src/planner/time';
import { simulate } from '../../src/tape/simulate';
import { lowerRecipe, recipeOnCard } from '../../src/techniques/recipe-of';
import { spreadOf } from '../../src/techniques/spread';
import { anySpread, even, plan, spread, use } from '../techniques/parallel/cards';

/** Ten layers in four stages: 2, 3, 3, 2. */
const piped = spread(
  plan({ backward: 'checkpoint' }, { model: { ...even, layers: 10 }, batch: 1, sequence: 256, accumulate: 8 }),
  [use('fsdp', { n: 8, reshard: false, sync: false }), use('tensor', { n: 2, sequence: true }), use('pipeline', { n: 4 })],
);

describe('the cards of a plan', () => {
  it('have a row for each that differs, the embedding on the first stage and the head on the last', () => {
    const { ranks = [], cards } = estimate(piped);
    expect(cards?.count).toBe(64);
    expect(ranks.map(({ name, count }) => [name, count])).toEqual([
      ['stage 1 of 4', 16],
      ['stage 2 of 4', 16],
      ['stage 3 of 4', 16],
      ['stage 4 of 4', 16],
    ]);
    expect(ranks.map(({ categories }) => categories.logits > 0)).toEqual([false, false, false, true]);
    for (const { peak, categories } of ranks) expect(Object.values(categories).reduce((sum, bytes) => sum + bytes)).toBe(peak);
  });

  it('share a row where nothing tells them apart: as many micro-batches wait on each', () => {
    const { ranks = [] } = estimate({ ...piped, model: { ...even, layers: 12 }, accumulate: 1 });
    expect(ranks.map(({ name, count }) => [name, count])).toEqual([
      ['stage 1 of 4', 16],
      ['stages 2 to 3 of 4', 32],
      ['stage 4 of 4', 16],
    ]);
  });

  it('are one where the plan names no others, and then there are no rows', () => {
    const alone = estimate(plan({}, { model: even }));
    expect(alone).not.toHaveProperty('ranks');
    expect(alone).not.toHaveProperty('cards');
    expect(alone).not.toHaveProperty('host');
  });

  it('give their figures as data: the rows are in JSON', () => {
    const { ranks, cards } = JSON.parse(JSON.stringify({ ...estimate(piped) }));
    expect(ranks).toHaveLength(4);
    expect(cards.peaks).toBe(ranks.toSorted((a: { peak: number }, b: { peak: number }) => b.peak - a.peak)[0].name);
  });

  it('are what each of them is by itself: the highest peak and the slowest step of all, whichever share their layers', () => {
    fc.assert(
      fc.property(anySpread, (of) => {
        const { pipeline } = spreadOf(of);
        const stages = Array.from({ length: pipeline }, (_, stage) => lowerRecipe(of, recipeOnCard(of, stage)));
        const peaks = stages.map((tape) => simulate(tape));
        const highest = peaks.reduce((best, one) => (one.peak > best.peak ? one : best));
        const { simulation, time, whole } = heaviest(of);
        const { watched: _, ...figures } = simulation;
        const { watched: __, ...expected } = highest;
        expect(figures).toEqual(expected);
        expect(simulate(whole()).peak).toBe(highest.peak);
        expect(time).toBe(Math.max(...stages.map((tape) => stepTime(tape, of, 0))));
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('peak within, where the first one has nothing to learn before its layers and as many micro-batches wait on each', () => {
    const frozen = spread(
      plan(
        { train: 'dora', loss: 'cut-cross-entropy' },
        { model: { ...even, layers: 9, vocab: 64 }, batch: 2, sequence: 256, accumulate: 12 },
      ),
      [use('pipeline', { n: 3, schedule: 'gpipe', 'last-layers': 1 })],
    );
    const { peak, cards, ranks = [] } = estimate(frozen);
    expect(cards?.peaks).toBe('stage 2 of 3');
    expect(Math.max(...ranks.map((row) => row.peak))).toBe(peak.allocated);
  });

  it('are steps of the waterfall one by one, and agree with what searches and the ledger say', () => {
    const stated = { ...piped, order: ['backward', 'parallel'] as const };
    const made = estimate({ ...stated, order: [...stated.order] });
    expect(made.waterfall.map(({ slot }) => slot)).toEqual(['plain', 'backward', 'parallel', 'parallel', 'parallel']);
    expect(made.waterfall.at(-1)?.after).toBe(made.peak.allocated);
    expect(bytesAndTime()(piped)).toEqual({ peak: made.peak.allocated, time: made.time.step });
    expect(explain(piped).allocated).toBe(made.peak.allocated);
  });
});
