import { describe, expect, it } from 'vitest';
import { estimate } from '../../src/planner/estimate';
import { explain } from '../../src/planner/explain';
import { heaviest } from '../../src/planner/ranks';
import { changesOf, timelineOf } from '../../src/planner/timeline';
import { CATEGORIES, PHASES } from '../../src/planner/types';
import { samples } from '../tape/plans';

describe('a step as changes of kinds of tensors', () => {
  for (const candidate of samples) {
    it(`says at every moment what the categories say, to the byte: ${candidate.order.join(', ') || 'plain'}`, () => {
      const { tape } = heaviest(candidate);
      const { kinds, ops, op, layer, phase, changes, kind, bytes } = changesOf(tape);
      const points = timelineOf(tape);
      const live = new Float64Array(kinds.length);
      const at = new Map(explain(candidate).lines.map((line) => [`${line.category} ${line.name}`, 0]));
      for (const line of explain(candidate).lines) {
        const key = `${line.category} ${line.name}`;
        at.set(key, (at.get(key) ?? 0) + line.bytes);
      }
      const { peak } = estimate(candidate);
      let change = 0;
      let seen = false;
      expect(op).toHaveLength(points.length);
      points.forEach((point, index) => {
        for (const end = change + (changes[index] ?? 0); change < end; change++)
          live[kind[change] as number] = (live[kind[change] as number] as number) + (bytes[change] as number);
        const sums = CATEGORIES.map((category) =>
          kinds.reduce((sum, one, number) => sum + (one.category === category ? (live[number] as number) : 0), 0),
        );
        if (sums.some((sum, category) => sum !== point.bytes[category])) expect([index, sums]).toEqual([index, point.bytes]);
        if (live.some((one) => one < 0)) expect([index, kinds[live.findIndex((one) => one < 0)]]).toBeUndefined();
        expect(ops[op[index] as number]).toBe(point.op);
        expect([layer[index], PHASES[phase[index] as number]]).toEqual([point.layer ?? -1, point.phase]);
        // The first moment of the peak is the one that the ledger lists.
        if (!seen && sums.reduce((sum, one) => sum + one) === peak.allocated) {
          seen = true;
          const alive = kinds.flatMap(({ category, name }, number) =>
            live[number] === 0 ? [] : [[`${category} ${name}`, live[number] as number] as const],
          );
          expect(new Map(alive)).toEqual(at);
        }
      });
      expect(seen).toBe(true);
    });
  }
});
