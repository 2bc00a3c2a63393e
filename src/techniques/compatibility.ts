/** What combines with what: the specs' relations, read against a plan's stated techniques. */
import { type Plan, SLOTS, type Slot, type Use } from '../plan/types';
import { findSpec, findTechnique, statedIn, usesIn } from './registry';
import { complete, idle, type Relation } from './spec';
import { spreadOf } from './spread';
import type { Technique } from './technique';

type Techniques = Pick<Plan, 'slots' | 'lists'>;

/** A relation that a plan breaks, or of which it should know something. */
export interface Conflict<Kind = 'excludes' | 'needs'> {
  slot: Slot;
  name: string;
  /** `excludes`: what stands in the other slot and must not; `needs`: what should stand there; `cautions`: what may. */
  kind: Kind;
  relation: Relation;
  /** The technique of the relation's slot that is in the way, where one is. */
  other?: string;
}

/** The technique that a relation speaks of, where the plan has it; `*` speaks of any stated one. */
const met = (relation: Relation, plan: Techniques): string | undefined =>
  relation.names.includes('*')
    ? statedIn(plan, relation.slot)[0]?.name
    : usesIn(plan, relation.slot).find(({ name }) => relation.names.includes(name))?.name;

/** Every relation that the plan's stated techniques break, in the order of the slots. */
export function conflictsOf(plan: Techniques): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const slot of SLOTS) {
    for (const { name } of statedIn(plan, slot)) {
      const spec = findSpec(slot, name);
      for (const relation of spec?.excludes ?? []) {
        const other = met(relation, plan);
        if (other) conflicts.push({ slot, name, kind: 'excludes', relation, other });
      }
      for (const relation of spec?.needs ?? []) {
        if (!met(relation, plan)) conflicts.push({ slot, name, kind: 'needs', relation });
      }
    }
  }
  return conflicts;
}

/** What works together in a plan, but for something that its author should know. */
export const cautionsOf = (plan: Techniques): Conflict<'cautions'>[] =>
  SLOTS.flatMap((slot) =>
    statedIn(plan, slot).flatMap(({ name }) =>
      (findSpec(slot, name)?.cautions ?? []).flatMap((relation) => {
        const other = met(relation, plan);
        return other ? [{ slot, name, kind: 'cautions' as const, relation, other }] : [];
      }),
    ),
  );

/** What one technique has to say of a plan. */
export interface Remark {
  slot: Slot;
  name: string;
  why: string;
}

/** What a plan's techniques refuse, in words: arguments that do not go with the model, its counts or one another. */
export function refusalsOf(plan: Plan): Remark[] {
  const spread = spreadOf(plan);
  return remarksOf(plan, ({ refuses }, args, twice) => (twice ? 'it is stated twice' : refuses?.(plan, args, spread)));
}

/** What they warn of: arguments that work with the plan, but for something, or that say nothing in it. */
export const warningsOf = (plan: Plan): Remark[] => [
  ...remarksOf(plan, ({ warns }, args) => warns?.(plan, args)),
  ...remarksOf(plan, ({ spec }, _, __, stated) => Object.keys(stated.args).flatMap((name) => idle(spec, stated, name) ?? [])[0]),
];

type Says = (technique: Technique, args: Use['args'], twice: boolean, stated: Use) => string | undefined;

function remarksOf(plan: Plan, of: Says): Remark[] {
  return SLOTS.flatMap((slot) => {
    const uses = statedIn(plan, slot);
    return uses.flatMap((use, index) => {
      const technique = findTechnique(slot, use.name);
      if (!technique) return [];
      const twice = uses.findIndex((other) => other.name === use.name) < index;
      const why = of(technique, complete(technique.spec, use).args, twice, use);
      return why ? [{ slot, name: use.name, why }] : [];
    });
  });
}
