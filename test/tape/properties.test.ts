/** What must hold of every tape, whatever the plan. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import { CATEGORIES } from '../../src/planner/types';
import { simulate } from '../../src/tape/simulate';
import { unroll } from '../../src/tape/unroll';
import { tapeOf } from '../../src/techniques/recipe-of';
import { anyPlan } from '../techniques/any';

describe('every tape', () => {
  it('frees what it allocates exactly once, leaves only what persists, and peaks where its written-out form does', () => {
    fc.assert(
      fc.property(anyPlan, (candidate) => {
        const tape = tapeOf(candidate);
        const live = new Map<number, number>();
        let total = 0;
        let persistent = 0;
        let peak = 0;
        unroll(tape, ({ node, phase, storage }) => {
          for (const id of node.allocs) {
            const at = storage(id);
            expect(live.has(at), `${tape.tensors[id]?.name} begins twice`).toBe(false);
            live.set(at, tape.tensors[id]?.bytes ?? 0);
            total += tape.tensors[id]?.bytes ?? 0;
          }
          if (phase === 'setup') persistent = total;
          else peak = Math.max(peak, total);
          for (const id of node.frees) {
            const at = storage(id);
            expect(live.has(at), `${tape.tensors[id]?.name} ends without having begun, at ${node.label}`).toBe(true);
            live.delete(at);
            total -= tape.tensors[id]?.bytes ?? 0;
          }
        });
        expect(total).toBe(persistent);
        expect(simulate(tape).peak).toBe(peak);
      }),
      { numRuns: 200 },
    );
  }, 180_000);

  it('has a peak that is the highest instant, that its categories add up to, and that is finite', () => {
    fc.assert(
      fc.property(anyPlan, (candidate) => {
        const { peak, instants, categories, time } = estimate(candidate);
        expect(Math.max(...instants.map((instant) => instant.allocated))).toBe(peak.allocated);
        expect(CATEGORIES.reduce((sum, category) => sum + categories[category], 0)).toBe(peak.allocated);
        expect(Math.min(...Object.values(categories))).toBeGreaterThanOrEqual(0);
        expect(Number.isSafeInteger(peak.allocated)).toBe(true);
        expect(time.step).toBeGreaterThan(0);
        expect(peak.reserved).toBeGreaterThanOrEqual(peak.allocated);
      }),
      { numRuns: 200 },
    );
  }, 180_000);

  it('never costs less with one more layer, token or row', () => {
    fc.assert(
      fc.property(anyPlan, (candidate) => {
        const peak = (changed: Plan) => simulate(tapeOf(changed)).peak;
        const before = peak(candidate);
        const larger = [
          { ...candidate, model: { ...candidate.model, layers: candidate.model.layers + 1 } },
          { ...candidate, batch: candidate.batch + 1 },
          { ...candidate, sequence: candidate.sequence + 1 },
        ];
        for (const changed of larger) expect(peak(changed)).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 200 },
    );
  }, 180_000);
});
