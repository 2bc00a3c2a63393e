/** A plan with changes that are only tried: what may be changed, what it comes to, and how it would be written. */
import {
  LIST_SLOTS,
  type ListSlot,
  type Plan,
  type Slot,
  TECHNIQUE_SLOTS,
  type TechniqueSlot,
  type Use,
  type Value,
} from '../../src/plan/types';
import { type CountKey, knobOf, MOST, type Path, pathText } from '../../src/planner/knobs';
import type { Change, SlotChoice, Turn } from '../../src/protocol';
import { conflictsOf, refusalsOf } from '../../src/techniques/compatibility';
import { DEFAULT_USE, findSpec, specsOf } from '../../src/techniques/registry';
import type { ArgumentType, Spec } from '../../src/techniques/spec';
import { isWord } from '../generated/ast';
import type { Analysis, PlanAnalysis } from './analyze';
import type { Edit } from './format';
import { merged, ownStatement, setKey, tokensText, useText } from './rewrite';
import { spanOf } from './span';

const COUNT_KEYS = Object.keys(MOST) as CountKey[];

/** `galore.rank` as a path. */
function readPath(text: string): Path {
  const [name = '', member] = text.split('.');
  return member === undefined ? { name } : { name, member };
}

/** The plan with the changes made, and why they cannot be. */
export function tried(plan: Plan, changes: readonly Change[]): { plan: Plan; problems: string[] } {
  const problems: string[] = [];
  let changed = plan;
  // Techniques first: numbers may be those of a technique that is tried.
  for (const change of changes) {
    if (change.kind === 'number') continue;
    const wrong = change.kind === 'list' ? wrongList(change) : wrongUse(change.slot, change.use);
    if (wrong) problems.push(wrong);
    else changed = change.kind === 'list' ? withUses(changed, change) : withUse(changed, change.slot, change.use);
  }
  for (const change of changes) {
    if (change.kind !== 'number') continue;
    const knob = knobOf(changed, readPath(change.path));
    if ('problem' in knob) continue;
    const { min, max, whole } = knob;
    const { value } = change;
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value)))
      problems.push(`\`${change.path}\` lies between ${min} and ${max}, not at ${value}`);
    else changed = knob.set(value);
  }
  return { plan: changed, problems: [...problems, ...newProblems(plan, changed)] };
}

const withUse = (plan: Plan, slot: TechniqueSlot, use: Use): Plan => ({
  ...plan,
  slots: { ...plan.slots, [slot]: use },
  order: plan.order.includes(slot) ? plan.order : [...plan.order, slot],
});

const withUses = (plan: Plan, { slot, uses }: Extract<Change, { kind: 'list' }>): Plan => ({
  ...plan,
  lists: { ...plan.lists, [slot]: uses },
  order: plan.order.includes(slot) ? plan.order : [...plan.order, slot],
});

const wrongList = ({ slot, uses }: Extract<Change, { kind: 'list' }>): string | undefined =>
  LIST_SLOTS.includes(slot)
    ? uses.map((use) => wrongUse(slot, use)).find((wrong) => wrong !== undefined)
    : `\`${slot}\` holds no list`;

/** What the changed plan's techniques have against one another that the file's have not. */
function newProblems(plan: Plan, changed: Plan): string[] {
  const of = (one: Plan): string[] => [
    ...conflictsOf(one).map(({ name, kind, relation, other }) =>
      kind === 'excludes'
        ? `\`${name}\` cannot be combined with \`${other}\`: ${relation.why}`
        : `\`${name}\` needs ${relation.names.map((one) => `\`${one}\``).join(' or ')} in \`${relation.slot}\`: ${relation.why}`,
    ),
    ...refusalsOf(one).map(({ name, why }) => `\`${name}\`: ${why}`),
  ];
  const before = new Set(of(plan));
  return of(changed).filter((words) => !before.has(words));
}

/** Why a use is none: changes come from a page, and are read as such. */
function wrongUse(slot: Slot, { name, args }: Use): string | undefined {
  const spec = findSpec(slot, name);
  if (!spec) return `\`${slot}\` knows no technique \`${name}\``;
  for (const [argument, value] of Object.entries(args)) {
    const type = spec.args.find((one) => one.name === argument)?.type;
    if (!type || !isOf(type, value)) return `\`${name}\` has no such \`${argument}\``;
  }
  return undefined;
}

function isOf(type: ArgumentType, value: Value): boolean {
  switch (type.kind) {
    case 'count':
      return Number.isInteger(value) && within(type, value as number);
    case 'number':
      return typeof value === 'number' && within(type, value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return type.of.includes(value as string);
    case 'string':
      return typeof value === 'string' && !/["\\\r\n]/.test(value);
    case 'list':
      return Array.isArray(value) && value.every((one) => type.of.includes(one as string));
    case 'technique':
      if (typeof value === 'string') return type.of.includes(value);
      return typeof value === 'object' && !Array.isArray(value) && !wrongUse(type.slot, value) && type.of.includes(value.name);
  }
}

const within = ({ min, max }: { min?: number; max?: number }, value: number): boolean =>
  Number.isFinite(value) && value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY);

/** The counts of a plan: its own, and those of its techniques' arguments. */
export function turnsOf(written: Plan, plan: Plan): Turn[] {
  const usesOf = (one: Plan) => [
    ...TECHNIQUE_SLOTS.map((slot) => [slot, one.slots[slot] ?? DEFAULT_USE[slot]] as const),
    ...listed(one),
  ];
  const stated = usesOf(written);
  const paths: { path: Path; usual: boolean }[] = [
    ...COUNT_KEYS.map((name) => ({ path: { name }, usual: true })),
    ...usesOf(plan).flatMap(([slot, use]) => {
      const spec = use && findSpec(slot, use.name);
      if (!spec) return [];
      const known = stated.find(([other, one]) => other === slot && one?.name === use.name)?.[1] ?? usualUse(spec);
      return spec.args
        .filter(({ type }) => type.kind === 'count')
        .map(({ name: member }, index) => {
          const usual = index === 0 || Object.hasOwn(known?.args ?? {}, member);
          return { path: { name: use.name, member }, usual };
        });
    }),
  ];
  return paths.flatMap(({ path, usual }): Turn[] => {
    const knob = knobOf(plan, path);
    if ('problem' in knob) return [];
    const before = knobOf(written, path);
    const { current: value, min, max, unit } = knob;
    const now = 'problem' in before ? null : before.current;
    return [{ path: pathText(path), value, written: now, min, max, tokens: unit === 'tokens', usual }];
  });
}

const listed = (plan: Plan): (readonly [ListSlot, Use])[] =>
  LIST_SLOTS.flatMap((slot) => (plan.lists[slot] ?? []).map((use) => [slot, use] as const));

/** Every slot with the techniques that it may hold; the file's own keeps its arguments. */
export function slotsOf(written: Plan, plan: Plan): SlotChoice[] {
  return TECHNIQUE_SLOTS.flatMap((slot): SlotChoice[] => {
    const stated = written.slots[slot] ?? DEFAULT_USE[slot];
    const options = specsOf(slot).flatMap((spec) => {
      const use = spec.name === stated?.name ? stated : usualUse(spec);
      return use ? [{ name: spec.name, use }] : [];
    });
    const now = plan.slots[slot] ?? DEFAULT_USE[slot];
    return options.length > 1 ? [{ slot, value: now?.name ?? '', written: stated?.name ?? '', options }] : [];
  });
}

/** A technique as one would first try it; undefined where an argument must be given and none is usual. */
function usualUse({ name, usual, args }: Spec): Use | undefined {
  if (usual?.[0]) return { name, args: usual[0] };
  return args.every((argument) => argument.default !== undefined) ? { name, args: {} } : undefined;
}

/** The edits that write the changed plan where the given one stands. */
export function rewrite(analysis: Analysis, given: PlanAnalysis, written: Plan, plan: Plan): Edit[] {
  const edits: Edit[] = [];
  for (const key of COUNT_KEYS) {
    const text = key === 'sequence' ? tokensText(plan[key]) : String(plan[key]);
    if (plan[key] !== written[key]) edits.push(setKey(analysis, given, key, text));
  }
  for (const slot of TECHNIQUE_SLOTS) {
    const use = plan.slots[slot];
    if (use && !same(use, written.slots[slot])) edits.push(useEdit(analysis, given, slot, written.slots[slot], use));
  }
  for (const slot of LIST_SLOTS) {
    const uses = plan.lists[slot] ?? [];
    if (same(uses, written.lists[slot] ?? [])) continue;
    const texts = uses.map((use) => useText(slot, use));
    edits.push(setKey(analysis, given, slot, texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`));
  }
  return merged(edits);
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** One argument of a call that stands in the plan is changed by itself, so that what stands between the others stays. */
function useEdit(analysis: Analysis, given: PlanAnalysis, slot: TechniqueSlot, before: Use | undefined, use: Use): Edit {
  const [name, ...more] = Object.keys(use.args).filter((one) => !same(use.args[one], before?.args[one]));
  const call = ownStatement(analysis, given, slot) && given.stated.get(slot)?.entry.value;
  if (name !== undefined && more.length === 0 && before?.name === use.name && isWord(call) && call.name === use.name) {
    const argument = call.args.find((one) => one.name === name);
    const alone = useText(slot, { name: use.name, args: { [name]: use.args[name] as Value } });
    if (argument) return { span: spanOf(argument.value), text: alone.slice(`${use.name}(${name}: `.length, -1) };
  }
  return setKey(analysis, given, slot, useText(slot, use));
}
