/** What else a slot of a plan could hold: its techniques at their usual settings, what may lie on the host, how cards are shared out. */
import type { ListSlot, Plan, Slot, TechniqueSlot, Use } from '../plan/types';
import { DEFAULT_USE, findSpec, specsOf } from '../techniques/registry';
import type { Argument, Spec } from '../techniques/spec';
import { labelOf } from './estimate';

/** One statement that is set: a technique, a list of them, or a count. */
export type Change =
  | { kind: 'technique'; slot: TechniqueSlot; use: Use }
  | { kind: 'list'; slot: ListSlot; uses: Use[] }
  | { kind: 'number'; path: 'accumulate'; value: number };

/** The key of the statement. */
export const keyOf = (change: Change): Slot | 'accumulate' => (change.kind === 'number' ? change.path : change.slot);

export function withChange(plan: Plan, change: Change): Plan {
  if (change.kind === 'technique') return { ...plan, slots: { ...plan.slots, [change.slot]: change.use } };
  if (change.kind === 'list') return { ...plan, lists: { ...plan.lists, [change.slot]: change.uses } };
  return { ...plan, accumulate: change.value };
}

/** The statement's value as it stands in a plan; null where it does not. */
export function statedText(plan: Plan, change: Change): string | null {
  if (change.kind === 'number') return String(plan.accumulate);
  if (change.kind === 'list') return plan.lists[change.slot] ? listText(plan.lists[change.slot] ?? []) : null;
  const stated = plan.slots[change.slot];
  return stated ? labelOf(stated) : null;
}

const listText = (uses: readonly Use[]): string => `[${uses.map(labelOf).join(', ')}]`;

/** The ways to fill a slot otherwise, each as the statements that make it. */
export function waysOf(plan: Plan, slot: Slot): Change[][] {
  if (slot === 'parallel') return spreadings(plan);
  if (slot === 'offload') return offloads(plan).map((uses) => [{ kind: 'list', slot, uses }]);
  return techniques(plan, slot).map((use) => [{ kind: 'technique', slot, use }]);
}

/** Every technique of a slot at its usual settings, less what it holds now. */
function techniques(plan: Plan, slot: TechniqueSlot): Use[] {
  const now = plan.slots[slot] ?? DEFAULT_USE[slot];
  if (now && findSpec(slot, now.name)?.objective) return [];
  const current = now && labelOf(now);
  return specsOf(slot)
    .flatMap((spec) => settingsOf(spec, now))
    .filter((use) => labelOf(use) !== current);
}

/** A technique at each of its usual settings. What the plan says of its own technique stays, but for the setting that is tried. */
function settingsOf({ name, usual, args, shares }: Spec, now: Use | undefined): Use[] {
  const given = (argument: Argument): boolean =>
    argument.default !== undefined || (shares !== undefined && argument.name === 'n');
  const own = now?.name === name ? now.args : {};
  return (usual ?? (args.every(given) ? [{}] : [])).map((setting) => ({ name, args: { ...own, ...setting } }));
}

const alike = (a: readonly Use[], b: readonly Use[]): boolean => listText(a) === listText(b);

/** Nothing; states and gradients (DeepSpeed's `offload_optimizer`); weights too (`offload_param`). What is stated keeps its place. */
function offloads({ lists }: Plan): Use[][] {
  const stated = lists.offload ?? [];
  const kept = (name: string): Use => stated.find((use) => use.name === name) ?? { name, args: {} };
  return [[], ['optimizer', 'gradients'], ['optimizer', 'gradients', 'weights']]
    .map((names) => names.map(kept))
    .filter((uses) => !alike(uses, stated));
}

/** Cards that share matrices stay inside a host, whose cards are linked most closely. */
const MOST_ON_MATRICES = 8;

/**
 * The same cards, and as many tokens in a step, otherwise: copies kept or sharded by another technique, or half as many copies
 * and twice as many cards to a copy, by matrices or by layers, and back.
 */
function spreadings({ lists, accumulate }: Plan): Change[][] {
  const axes = specsOf('parallel');
  const stated = lists.parallel ?? [];
  const copying = axes.filter(({ shares }) => shares === 'batches');
  const at = stated.findIndex(({ name }) => copying.some((spec) => spec.name === name));
  const copies = stated[at];
  if (!copies) return [];
  const n = Number(copies.args.n);
  const list = (uses: Use[]): Change => ({ kind: 'list', slot: 'parallel', uses });
  const others = (n > 1 ? copying : [])
    .flatMap((spec) => settingsOf(spec, copies).map(({ name, args }) => stated.with(at, { name, args: { ...args, n } })))
    .filter((uses) => !alike(uses, stated));
  const cutting = axes.filter(({ shares }) => shares === 'matrices' || shares === 'layers');
  const moved = cutting.flatMap(({ name, shares, usual }) => {
    const index = stated.findIndex((use) => use.name === name);
    const own = stated[index] ?? { name, args: { n: 1, ...usual?.[0] } };
    const degree = Number(own.args.n);
    /** `factor` times as many copies. */
    const with_ = (factor: number): Change[] => {
      const use: Use = { name, args: { ...own.args, n: degree / factor } };
      const uses = stated.with(at, { name: copies.name, args: { ...copies.args, n: n * factor } });
      return [
        list(index < 0 ? [...uses, use] : uses.with(index, use)),
        { kind: 'number', path: 'accumulate', value: accumulate / factor },
      ];
    };
    const wider = n % 2 === 0 && (shares !== 'matrices' || 2 * degree <= MOST_ON_MATRICES) ? [with_(0.5)] : [];
    return degree % 2 === 0 && accumulate % 2 === 0 ? [...wider, with_(2)] : wider;
  });
  return [...others.map((uses) => [list(uses)]), ...moved];
}

/** A change as it would be written after its key. */
export const changeText = (change: Change): string =>
  change.kind === 'technique' ? labelOf(change.use) : change.kind === 'list' ? listText(change.uses) : String(change.value);
