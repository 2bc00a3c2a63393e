/** What must hold of every technique, alone and with any other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isListSlot, type Plan, type Slot } from '../../src/plan/types';
import { conflictsOf } from '../../src/techniques/compatibility';
import { recipeOf, tapeOf } from '../../src/techniques/recipe-of';
import { allSpecs, DEFAULT_USE, findSpec, specsOf } from '../../src/techniques/registry';
import type { Relation, Spec } from '../../src/techniques/spec';
import { anyPlan } from './any';
import { plan, use } from './bytes';

describe('any techniques that may stand together', () => {
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
  const both = [[slot, name] as const, [spec.slot, spec.name] as const];
  const lists: Plan['lists'] = {};
  const slots: { [one: string]: string } = {};
  for (const [at, of] of both) {
    if (isListSlot(at)) lists[at] = [...(lists[at] ?? []), use(of, {})];
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
