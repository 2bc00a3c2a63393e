/** What must hold of every plan on several cards. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types';
import { estimate } from '../../../src/planner/estimate';
import { heaviest } from '../../../src/planner/ranks';
import { CATEGORIES } from '../../../src/planner/types';
import { simulate } from '../../../src/tape/simulate';
import { unroll } from '../../../src/tape/unroll';
import { lowerRecipe, recipeOnCard } from '../../../src/techniques/recipe-of';
import { spreadOf } from '../../../src/techniques/spread';
import { anySpread, even, figures, peakOf, plan, spread, use } from './cards';

describe('any plan on several cards', () => {
  it('frees what it allocates exactly once, leaves only what persists, and peaks where its written-out tape does', () => {
    fc.assert(
      fc.property(anySpread, fc.nat(3), (candidate, stage) => {
        const tape = lowerRecipe(candidate, recipeOnCard(candidate, stage % spreadOf(candidate).pipeline));
        const live = new Set<number>();
        const wrong: string[] = [];
        const highs = { forward: 0, backward: 0, optimizer: 0 };
        let [total, persistent] = [0, 0];
        unroll(tape, ({ node, phase, storage }) => {
          for (const id of node.allocs) {
            if (live.has(storage(id))) wrong.push(`${tape.tensors[id]?.name} begins twice`);
            live.add(storage(id));
            total += tape.tensors[id]?.bytes ?? 0;
          }
          if (phase === 'setup') persistent = total;
          else highs[phase] = Math.max(highs[phase], total);
          for (const id of node.frees) {
            if (!live.delete(storage(id))) wrong.push(`${tape.tensors[id]?.name} ends without having begun, at ${node.label}`);
            total -= tape.tensors[id]?.bytes ?? 0;
          }
        });
        expect(wrong).toEqual([]);
        expect(total).toBe(persistent);
        const { peak, categories, instants } = simulate(tape);
        expect(Object.fromEntries(instants.map(({ phase, allocated }) => [phase, allocated]))).toEqual(highs);
        expect(peak).toBe(Math.max(...Object.values(highs)));
        expect(Number.isSafeInteger(peak)).toBe(true);
        expect(CATEGORIES.reduce((sum, category) => sum + categories[category], 0)).toBe(peak);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it('has a row for each distinct card, as many cards as the axes make, and the row that peaks named', () => {
    fc.assert(
      fc.property(anySpread, (candidate) => {
        const made = estimate(candidate);
        const { total } = spreadOf(candidate);
        if (total === 1) {
          expect(made.ranks).toBeUndefined();
          return;
        }
        const rows = made.ranks ?? [];
        expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(total);
        expect(Math.max(...rows.map((row) => row.peak))).toBe(made.peak.allocated);
        expect(rows.find((row) => row.name === made.cards?.peaks)?.peak).toBe(made.peak.allocated);
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});

const backwards = ['standard', 'checkpoint'] as const;
const full = (backward: string): Plan =>
  plan({ precision: 'bf16', backward }, { model: even, batch: 2, sequence: 128, accumulate: 8 });

describe.each(['tensor', 'context', 'pipeline', 'data', 'fsdp', 'expert'])('%s', (name) => {
  it.each(backwards)('on one card is the plan without it (%s)', (backward) => {
    const plain = full(backward);
    expect(figures(estimate(spread(plain, [use(name, { n: 1 })])))).toEqual(figures(estimate(plain)));
  });
});

describe.each([
  ['tensor', {}],
  ['tensor', { sequence: true }],
  ['context', {}],
  ['pipeline', { schedule: '1f1b' }],
  ['zero', { stage: 1, 'reduce-bucket': 1000 }],
  ['zero', { stage: 2, 'reduce-bucket': 1000 }],
  ['zero', { stage: 3, 'reduce-bucket': 1000, 'live-parameters': 1 }],
  ['fsdp', {}],
  ['fsdp', { reshard: false, sync: false }],
] as const)('%s %o', (name, args) => {
  it.each(backwards)('never costs a card more when there are more of them (%s)', (backward) => {
    const peaks = [2, 4].map((n) => peakOf(spread(full(backward), [use(name, { ...args, n })])));
    expect(peaks[1]).toBeLessThanOrEqual(peaks[0] as number);
    expect(heaviest(full(backward)).simulation.peak).toBe(peakOf(full(backward)));
  });
});
