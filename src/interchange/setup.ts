/** A plan as trainers see it, and what stands between it and their files. */
import {
  type Family,
  LIST_SLOTS,
  type ListSlot,
  type Plan,
  type Slot,
  TECHNIQUE_SLOTS,
  type TechniqueSlot,
  type Use,
} from '../plan/types';
import { DEFAULT_USE, findSpec } from '../techniques/registry';
import { complete } from '../techniques/spec';

/** What a configuration says of a training step. On the way in, only what it states. */
export interface Setup {
  /** A repository or a folder. */
  model?: string;
  /** Decides the names of modules; not read back, the model says it. */
  family?: Family;
  batch?: number;
  accumulate?: number;
  sequence?: number;
  slots: { [slot in TechniqueSlot]?: Use };
  /** Several cards, and what leaves them. */
  lists?: { [slot in ListSlot]?: Use[] };
}

/** Content of a configuration file, parsed. */
export type Settings = { [key: string]: unknown };

export interface Exported {
  settings: Settings;
  /** What the plan says and the file cannot, a sentence each. */
  notes: string[];
}

export interface Imported {
  setup: Setup;
  notes: string[];
}

/** How one slot is written: settings, or a sentence on why there are none. */
export type Writer = (use: Use, setup: Required<Setup>) => Settings | string;
export type Writers = { readonly [slot in TechniqueSlot]?: Writer };

/** Where a trainer has nothing to say: the slots that describe the estimate and not the training. */
const SILENT: ReadonlySet<TechniqueSlot> = new Set(['engine', 'allocator']);

const same = (a: Use | undefined, b: Use | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

const filled = (slot: Slot, use: Use): Use => {
  const spec = findSpec(slot, use.name);
  return spec === undefined ? use : complete(spec, use);
};

/** A plan with every slot filled in. `weights` and `gradients` stay out where they follow the precision. */
export function setupOf(plan: Plan): Required<Setup> {
  const slots: Setup['slots'] = {};
  for (const slot of TECHNIQUE_SLOTS) {
    const use = plan.slots[slot] ?? DEFAULT_USE[slot];
    if (use !== undefined) slots[slot] = filled(slot, use);
  }
  return {
    model: plan.model.source,
    family: plan.model.family,
    batch: plan.batch,
    accumulate: plan.accumulate,
    sequence: plan.sequence,
    slots,
    lists: listsOf(plan),
  };
}

function listsOf(plan: Plan): Required<Setup>['lists'] {
  const lists: Required<Setup>['lists'] = {};
  for (const slot of LIST_SLOTS) lists[slot] = (plan.lists[slot] ?? []).map((use) => filled(slot, use));
  return lists;
}

/** A use as it would be written, arguments at their defaults left out. */
export function written(slot: Slot, use: Use): string {
  const spec = findSpec(slot, use.name);
  const args = Object.entries(use.args).filter(([name, value]) => {
    const standard = spec?.args.find((argument) => argument.name === name)?.default;
    return (
      JSON.stringify(standard) !== JSON.stringify(value) &&
      !(typeof value === 'object' && !Array.isArray(value) && value.name === standard)
    );
  });
  return args.length === 0 ? use.name : `${use.name}(${args.map(([name, value]) => `${name}: ${argument(value)}`).join(', ')})`;
}

/** Every layer is run again from its input, which is what trainers' one switch says; the reentrant kind is still that. */
export const checkpointsEveryLayer = ({ name, args: { reentrant: _, ...args } }: Use): boolean =>
  written('backward', { name, args }) === 'checkpoint';

function argument(value: Use['args'][string]): string {
  if (Array.isArray(value)) return `[${value.map(argument).join(', ')}]`;
  if (typeof value === 'object') return written('optimizer', value);
  return String(value);
}

/**
 * Writes all slots; one that has no writer is a note, unless it holds what every trainer does by itself. `several` says which techniques
 * for several cards the caller writes itself.
 */
export function writeSlots(
  title: string,
  setup: Required<Setup>,
  writers: Writers,
  several: (use: Use) => boolean = () => false,
): Exported {
  const settings: Settings = {};
  const notes = LIST_SLOTS.flatMap((slot) =>
    (setup.lists[slot] ?? []).filter((use) => !several(use)).map((use) => missing(title, slot, use)),
  );
  for (const slot of TECHNIQUE_SLOTS) {
    const use = setup.slots[slot];
    if (use === undefined || SILENT.has(slot)) continue;
    const standard = DEFAULT_USE[slot];
    const found = writers[slot]?.(use, setup);
    if (typeof found === 'object') Object.assign(settings, found);
    else if (found !== undefined) notes.push(found);
    else if (standard === undefined || !same(use, filled(slot, standard))) notes.push(missing(title, slot, use));
  }
  return { settings, notes };
}

export const missing = (title: string, slot: Slot, use: Use): string =>
  `${title} has no setting for ${slot} \`${written(slot, use)}\``;

/** Slots that something was found for. */
export const defined = (slots: { [slot: string]: Use | undefined }): Setup['slots'] =>
  Object.fromEntries(Object.entries(slots).filter(([, use]) => use !== undefined));
