/** What must hold of every technique, alone and with any other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan, Slot } from '../../src/plan/types';
import { LIST_SLOTS } from '../../src/plan/types';
import { CATEGORIES } from '../../src/planner/types';
import { simulate } from '../../src/tape/simulate';
import { unroll } from '../../src/tape/unroll';
import { conflictsOf } from '../../src/techniques/compatibility';
import { recipeOf, tapeOf } from '../../src/techniques/recipe-of';
import { allSpecs, DEFAULT_USE, findSpec, specsOf } from '../../src/techniques/registry';
import type { Relation, Spec } from '../../src/techniques/spec';
import { anyPlan } from './any';
import { plan, use } from './bytes';

describe('any techniques that may stand together', () => {
  it('free what they allocate exactly once, leave only what persists, and peak where the written-out tape does', () => {
    fc.assert(
      fc.property(anyPlan, (candidate) => {
        const tape = tapeOf(candidate);
        const live = new Map<number, number>();
        let [total, persistent, peak] = [0, 0, 0];
        unroll(tape, ({ node, phase, storage }) => {
          for (const id of node.allocs) {
            expect(live.has(storage(id)), `${tape.tensors[id]?.name} begins twice`).toBe(false);
            live.set(storage(id), tape.tensors[id]?.bytes ?? 0);
            total += tape.tensors[id]?.bytes ?? 0;
          }
          if (phase === 'setup') persistent = total;
          else peak = Math.max(peak, total);
          for (const id of node.frees) {
            expect(live.has(storage(id)), `${tape.tensors[id]?.name} ends without having begun, at ${node.label}`).toBe(true);
            live.delete(storage(id));
            total -= tape.tensors[id]?.bytes ?? 0;
          }
        });
        const left = [...live.keys()].length;
        expect(total, `${left} storages are left`).toBe(persistent);
        const simulation = simulate(tape);
        expect(simulation.peak).toBe(peak);
        expect(Number.isSafeInteger(peak)).toBe(true);
        expect(CATEGORIES.reduce((sum, category) => sum + simulation.categories[category], 0)).toBe(peak);
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('never cost less with one more layer, token or row', () => {
    fc.assert(
      fc.property(anyPlan, (candidate) => {
        const bytes = (changed: Plan) => simulate(tapeOf(changed)).peak;
        const before = bytes(candidate);
        const larger = [
          { ...candidate, model: { ...candidate.model, layers: candidate.model.layers + 1 } },
          { ...candidate, batch: candidate.batch + 1 },
          { ...candidate, sequence: candidate.sequence + 1 },
        ];
        for (const changed of larger) expect(bytes(changed)).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  it('take part in forward only where they make no gradient', () => {
    fc.assert(
      fc.property(anyPlan, (candidate) => {
        if (!recipeOf(candidate).pytorch.forwardOnly) return;
        expect(tapeOf(candidate).body.some((node) => node.kind === 'phase' && node.phase === 'backward')).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

/** A plan with one use in each of two slots, lists included. */
function together(spec: Spec, slot: Slot, name: string): Plan {
  const isList = (one: Slot): one is (typeof LIST_SLOTS)[number] => (LIST_SLOTS as readonly string[]).includes(one);
  const both = [[slot, name] as const, [spec.slot, spec.name] as const];
  const lists: Plan['lists'] = {};
  const slots: { [one: string]: string } = {};
  for (const [at, of] of both) {
    if (isList(at)) lists[at] = [...(lists[at] ?? []), use(of, {})];
    else slots[at] = of;
  }
  return plan(slots, { lists });
}

const relations = (kind: 'excludes' | 'needs'): [string, Spec, Relation][] =>
  allSpecs.flatMap((spec) =>
    (spec[kind] ?? []).map((relation): [string, Spec, Relation] => [
      `${spec.slot} ${spec.name} ${kind} ${relation.slot} ${relation.names.join(', ')}`,
      spec,
      relation,
    ]),
  );

describe('what techniques exclude and need', () => {
  it.each(relations('excludes'))('%s', (_, spec, relation) => {
    const names = relation.names.includes('*') ? specsOf(relation.slot).map(({ name }) => name) : relation.names;
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const found = conflictsOf(together(spec, relation.slot, name));
      expect(found.some((one) => one.kind === 'excludes' && one.name === spec.name && one.other === name)).toBe(true);
    }
    expect(relation.why.length).toBeGreaterThan(20);
  });

  it.each(relations('needs'))('%s', (_, spec, relation) => {
    const misses = (found: ReturnType<typeof conflictsOf>): boolean =>
      found.some((one) => one.kind === 'needs' && one.name === spec.name && one.relation.slot === relation.slot);
    for (const name of relation.names) expect(misses(conflictsOf(together(spec, relation.slot, name)))).toBe(false);
    const standard = DEFAULT_USE[relation.slot as keyof typeof DEFAULT_USE]?.name ?? '';
    expect(misses(conflictsOf(together(spec, spec.slot, spec.name)))).toBe(!relation.names.includes(standard));
    expect(relation.why.length).toBeGreaterThan(20);
  });

  it('speaks of techniques that exist', () => {
    for (const kind of ['excludes', 'needs'] as const)
      for (const [label, , relation] of relations(kind))
        for (const name of relation.names)
          if (name !== '*' && specsOf(relation.slot).length > 0)
            expect(findSpec(relation.slot, name), `${label}: ${name}`).toBeDefined();
  });
});

describe('every spec', () => {
  it.each(allSpecs.map((spec) => [`${spec.slot} ${spec.name}`, spec] as const))('%s', (_, spec) => {
    for (const text of [spec.summary, spec.formula, spec.cost]) expect(text.trim().length).toBeGreaterThan(0);
    for (const argument of spec.args) expect(argument.doc).toMatch(/^\S.*\.$/);
    if (spec.citation) expect(spec.citation.url).toMatch(/^https:\/\//);
  });
});
