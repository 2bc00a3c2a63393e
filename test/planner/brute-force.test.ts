/** Answers against trying everything. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types';
import { find } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { fit as findFits } from '../../src/planner/fit';
import { knobOf, type Path } from '../../src/planner/knobs';
import type { Estimate } from '../../src/planner/types';
import { withChange } from '../../src/planner/ways';
import { refusalsOf } from '../../src/techniques/compatibility';
import { use } from '../tape/plans';
import {
  anyPlan,
  anySlots,
  anySpread,
  edited,
  everyWay,
  planIn,
  ROUNDING,
  RUNS,
  SEED,
  switchesOf,
  textOf,
  undominated,
} from './brute-force';

/** Of three plans, one over several cards or with parts on the host, which may be too small for them. */
const anyAsked: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 2, arbitrary: anyPlan },
  {
    weight: 1,
    arbitrary: fc.tuple(anySpread, fc.constantFrom(20, 65_536)).map(([plan, host]) => ({
      ...plan,
      device: { ...plan.device, hostMemory: host * 2 ** 20 },
    })),
  },
);

const figures = ({ peak, time }: Estimate) => ({
  allocated: peak.allocated,
  reserved: peak.reserved,
  device: peak.device,
  range: peak.range,
  step: time.step,
});

/** Points of a front in one order. */
const inOrder = <P extends { peak: number; time: number }>(points: readonly P[]): P[] =>
  [...points].sort((a, b) => a.peak - b.peak || a.time - b.time);

describe('fit', () => {
  it('has at most twelve switches to try here', () => {
    fc.assert(
      fc.property(anyAsked, anySlots, (given, slots) => {
        const switches = slots.reduce((sum, slot) => sum + switchesOf(given, slot).length, 0);
        expect(switches > 0 || slots.includes('parallel')).toBe(true);
        expect(switches).toBeLessThanOrEqual(12);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('is the front of all ways, each with the fewest changes, and promises what the edited plan and file cost', () => {
    let index = 0;
    let met = 0;
    fc.assert(
      fc.property(anyAsked, anySlots, (given, slots) => {
        const { points, considered, floor } = findFits(given, slots);
        const all = everyWay(given, slots);
        expect(considered).toBe(all.length);
        const fitting = all.filter(({ fits }) => fits);
        const exact = fitting.filter(({ approximate }) => approximate === 0);
        const distinct = (ways: ReturnType<typeof undominated>) =>
          inOrder(ways).filter((way, at, list) => at === 0 || way.peak !== (list[at - 1] as typeof way).peak);
        const exactFront = distinct(undominated(exact));
        const front = distinct(undominated(fitting));
        const expected = inOrder([...exactFront, ...front.filter(({ peak, time }) => !near(exactFront, peak, time))]);
        const found = inOrder(
          points.map((point) => ({ point, peak: point.estimate.peak.allocated, time: point.estimate.time.step })),
        );
        expect(found.map(({ peak }) => peak)).toEqual(expected.map(({ peak }) => peak));
        for (const [at, { point, peak, time }] of found.entries()) {
          expect(Math.abs(time / (expected[at]?.time ?? 0) - 1)).toBeLessThan(ROUNDING);
          // Of all ways that cost the same, one with the least approximation, and of those with the fewest changes.
          const same = fitting.filter((way) => near([way], peak, time));
          const least = Math.min(...same.map(({ approximate }) => approximate));
          const fewest = Math.min(...same.filter(({ approximate }) => approximate === least).map(({ changed }) => changed));
          expect(point.exact).toBe(least === 0);
          expect(point.edits.length).toBe(fewest);
          // Every number of the edits, one after the other.
          let edit = given;
          let before = estimate(given);
          for (const { change, bytes, seconds } of point.edits) {
            edit = withChange(edit, change);
            const after = estimate({ ...edit, order: [] });
            expect(bytes).toBe(after.peak.allocated - before.peak.allocated);
            expect(Math.abs(seconds - (after.time.step - before.time.step))).toBeLessThan(ROUNDING * after.time.step);
            before = after;
          }
          expect(figures(point.estimate)).toEqual(figures(before));
          met += 1;
          // The same from the text, with the edits as they are told.
          if (index % 4 !== 0) continue;
          const text = point.edits.reduce((file, { slot, to }) => edited(file, slot, to), textOf(given));
          expect(figures(estimate(planIn(text)))).toEqual(figures(point.estimate));
        }
        const held = all.filter(({ onHost }) => onHost);
        if (fitting.length > 0 || held.length === 0) expect(floor).toBeNull();
        else expect(floor?.peak).toBe(Math.min(...held.map(({ peak }) => peak)));
        index += 1;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(met).toBeGreaterThan(RUNS / 2);
  }, 300_000);
});

const near = (ways: readonly { peak: number; time: number }[], peak: number, time: number): boolean =>
  ways.some((way) => way.peak === peak && Math.abs(way.time / time - 1) < ROUNDING);

/** Questions with answers small enough that every value can be tried. */
const questions: fc.Arbitrary<{ plan: Plan; path: Path; goal: 'max' | 'min' }> = fc
  .tuple(anyPlan, fc.nat(7), fc.nat(3))
  .map(([given, which, quarter]) => {
    // The smallest of most numbers is one; of cards it is not.
    const goal: 'max' | 'min' = which === 7 || quarter === 0 ? 'min' : 'max';
    const state = (slot: 'optimizer' | 'backward' | 'train', name: string, args: Plan['slots'][typeof slot]): Plan => ({
      ...given,
      accumulate: 1,
      slots: {
        ...given.slots,
        ...(slot === 'optimizer' ? { train: use('full', {}), gradients: use('bf16', {}) } : {}),
        [slot]: args ?? use(name, {}),
      },
    });
    const chosen: [Plan, Path][] = [
      [given, { name: 'batch' }],
      [{ ...given, batch: 2 }, { name: 'sequence' }],
      [given, { name: 'layers' }],
      [state('optimizer', 'galore', use('galore', { rank: 16 })), { name: 'galore', member: 'rank' }],
      [state('train', 'lora', use('lora', { rank: 8 })), { name: 'lora', member: 'rank' }],
      [{ ...state('backward', 'checkpoint', use('checkpoint', { every: 2 })), batch: 4 }, { name: 'every' }],
      [state('backward', 'streambp', use('streambp', { chunk: 16, logits: 32 })), { name: 'streambp', member: 'chunk' }],
      [{ ...given, lists: { parallel: [use('zero', { stage: 3, n: 2 })] } }, { name: 'n' }],
    ];
    const [asked, path] = chosen[which] as [Plan, Path];
    return { plan: asked, path, goal };
  })
  .filter(({ plan, path }) => refusalsOf(plan).length === 0 && !('problem' in knobOf(plan, path)));

/** Values that are all tried; beyond them only some, for what grows without end fits no more. */
const TRIED = 120;

describe('find', () => {
  it('is the extreme value, or says that the range has gaps', () => {
    let [gaps, none, most, loose] = [0, 0, 0, 0];
    fc.assert(
      fc.property(questions, ({ plan: given, path, goal }) => {
        const knob = knobOf(given, path);
        if ('problem' in knob) throw new Error(knob.problem);
        // A value that both ask for is estimated once.
        const known = new Map<string, Estimate>();
        const estimated = (plan: Plan): Estimate => {
          const key = JSON.stringify(plan);
          const made = known.get(key) ?? estimate(plan);
          known.set(key, made);
          return made;
        };
        const serves = (value: number): boolean => {
          const changed = { ...knob.set(value), order: [] };
          return refusalsOf(changed).length === 0 && estimated(changed).fits;
        };
        const { value, atLimit, uneven, arranged, reason } = find(given, path, goal, estimated);
        const step = goal === 'max' ? 1 : -1;
        if (value === undefined) {
          none += 1;
          expect(reason).toContain('no value fits');
          for (let at = knob.min; at <= Math.min(knob.max, 40); at++) expect(serves(at)).toBe(false);
          return;
        }
        // What was found fits, and the next does not.
        expect(serves(value)).toBe(true);
        if (atLimit) {
          most += 1;
          expect(value).toBe(goal === 'max' ? knob.max : knob.min);
        } else expect(serves(value + step)).toBe(false);
        if (uneven !== undefined) {
          gaps += 1;
          // It says so of a value that in fact does not serve, on the side where all would.
          expect(serves(uneven)).toBe(false);
          expect((value - uneven) * step).toBeGreaterThan(0);
          return;
        }
        if (atLimit) return;
        // No value farther off serves than it says: every one of the next ones, and then some.
        if (arranged !== undefined) {
          loose += 1;
          expect((arranged - value) * step).toBeGreaterThan(0);
        }
        const from = (arranged ?? value) + step;
        const limit = goal === 'max' ? Math.min(knob.max, from + TRIED) : Math.max(knob.min, from - TRIED);
        for (let at = from; (limit - at) * step >= 0; at += step * Math.max(1, Math.floor(Math.abs(at - from) / 4)))
          expect(serves(at), `${path.member ?? path.name} ${at}`).toBe(false);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // The questions are worth asking: there are answers of every kind.
    expect(gaps).toBeGreaterThan(0);
    expect(none).toBeGreaterThan(0);
    expect(most).toBeGreaterThan(0);
    expect(none + most).toBeLessThan(0.7 * RUNS);
    expect(loose).toBeLessThan(0.5 * RUNS);
  }, 300_000);
});
