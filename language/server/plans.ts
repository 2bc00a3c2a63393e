/** `plan` declarations → plans: inheritance, slots, and whether all of it goes together. */
import { formatCount } from '../../src/plan/format';
import { nearest } from '../../src/plan/nearest';
import { deviceNames, findDevice } from '../../src/plan/presets/devices';
import { findModel, modelNames } from '../../src/plan/presets/models';
import { type Device, isListSlot, isSlot, type Model, type Plan, SLOTS, type Slot, type Use } from '../../src/plan/types';
import { type CountKey, MOST } from '../../src/planner/knobs';
import type { DeviceDeclaration, ModelDeclaration, PlanDeclaration } from '../generated/ast';
import { isListLiteral, isStringLiteral, isWord } from '../generated/ast';
import type { Context } from './context';
import { countOf, isPlainWord } from './conversions';
import { deviceOf } from './devices';
import { modelOf } from './models';
import { spanOfProperty } from './names';
import type { Fix, Severity } from './problems';
import { type Entry, entriesOf } from './settings';
import { type Span, spanOf } from './span';
import type { Expression } from './tree';
import { type Clash, cautions, conflicts, useOf, usesOf } from './uses';
import { kindOfValue } from './values';

const COUNTS: readonly CountKey[] = ['batch', 'sequence', 'accumulate'];
export const PLAN_KEYS: readonly string[] = ['model', 'device', ...COUNTS, ...SLOTS];
const REQUIRED = ['model', 'device', 'sequence'] as const;

/** A statement of a plan, its own or inherited. */
export interface Stated {
  entry: Entry;
  uri: string;
}

export interface Compiled {
  /** Absent where something in it, or in what it uses, has an error. */
  plan?: Plan;
  /** Why, in one sentence. */
  problem?: string;
  /** What can be read of it, slots in error left at their defaults: enough to price what could stand there. */
  draft?: Plan;
  stated: Map<string, Stated>;
  /** Some of its statements could not be read, so that an heir would silently lack them. */
  partial?: boolean;
}

type Piece = number | Model | Device | Use | Use[];

export function planOf(context: Context, node: PlanDeclaration, uri: string): Compiled {
  const otherwise = (why: 'cycle' | 'deep'): Compiled => ({
    problem: `Plan \`${node.name}\` extends ${why === 'cycle' ? 'itself' : 'a chain of plans that is too long'}`,
    stated: new Map(),
    partial: true,
  });
  return context.once(node, () => compile(context, node, uri), otherwise);
}

function compile(context: Context, node: PlanDeclaration, uri: string): Compiled {
  const { entries, whole } = entriesOf(context, uri, node.body, 'plan', PLAN_KEYS);
  const base = inherited(context, node, uri);
  let problem = base?.problem;
  const partial = !whole || base?.partial === true;
  if (!whole) problem ??= complaint(context, uri, spanOf(node)) ?? 'It has errors';

  // What is not repeated is inherited; what is repeated takes its place among the plan's own statements.
  const stated = new Map([...(base?.stated ?? [])].filter(([key]) => !entries.has(key)));
  for (const [key, entry] of entries) stated.set(key, { entry, uri });

  const pieces = new Map<string, Piece>();
  for (const [key, at] of stated) {
    const piece = context.once(
      at.entry.node,
      () => pieceOf(context, at),
      () => undefined,
    );
    if (piece === undefined) problem ??= complaint(context, at.uri, spanOf(at.entry.node)) ?? `Its \`${key}\` has an error`;
    else pieces.set(key, piece);
  }

  const name = spanOfProperty(node, 'name');
  // A base with a mistake of its own has said so; what it would have supplied is not missed here.
  // A name that is missing is the first thing to mend, and is reported as such.
  const missing = partial || node.name === undefined ? [] : REQUIRED.filter((key) => !stated.has(key));
  if (missing.length > 0) {
    const list = missing.map((key) => `\`${key}\``).join(', ');
    const message = `Plan \`${node.name}\` lacks ${list}`;
    problem ??= message;
    context.error(uri, 'missing-slot', message, name, { fixes: supplied(context, uri, node, missing) });
  }
  if (node.name === undefined) return { problem: problem ?? 'It has no name', stated, partial };
  const readable = new Map([...stated].filter(([key]) => pieces.has(key)));
  const draft = REQUIRED.every((key) => pieces.has(key)) ? { draft: assemble(context, node.name, readable, pieces) } : {};
  if (problem !== undefined) return { problem, stated, partial, ...draft };

  const plan = assemble(context, node.name, stated, pieces);
  for (const conflict of conflicts(plan)) {
    problem ??= conflict.message;
    reportClash(context, uri, entries, stated, conflict, name, 'error');
  }
  // What the base has been told is not told again.
  const told = new Set((base?.plan ? cautions(base.plan) : []).map(({ message }) => message));
  for (const caution of problem === undefined ? cautions(plan) : [])
    if (!told.has(caution.message)) reportClash(context, uri, entries, stated, caution, name, 'information');
  const large = tooLarge(plan);
  if (large) {
    problem ??= large;
    const own = entries.get('sequence') ?? entries.get('batch');
    context.error(uri, 'too-large', large, own ? spanOf(own.value) : name);
  }
  return problem === undefined ? { plan, stated, draft: plan } : { problem, stated, partial, ...(large ? {} : draft) };
}

/** Adds what a plan lacks at the top of its block: a declared name where there is no choice, and a length to begin from. */
function supplied(context: Context, uri: string, node: PlanDeclaration, missing: readonly (typeof REQUIRED)[number][]): Fix[] {
  const block = node.body;
  const values = missing.map((key) => (key === 'sequence' ? '4k' : context.names(uri, key)));
  if (!block || values.some((value) => Array.isArray(value) && value.length !== 1)) return [];
  const written = block.$cstNode?.text ?? '';
  const inLines = /[\r\n]/.test(written);
  const newline = /\r\n|\r|\n/.exec(written)?.[0] ?? '';
  const statements = missing.map((key, index) =>
    inLines ? `${newline}  ${key.padEnd(11)} ${values[index]}` : ` ${key} ${values[index]} `,
  );
  const list = missing.map((key) => `\`${key}\``).join(', ');
  const at = spanOf(block).start + 1;
  return [{ title: `Add ${list}`, span: { start: at, end: at }, text: statements.join('') }];
}

/** What a plan takes from the one that it extends. */
function inherited(context: Context, node: PlanDeclaration, uri: string): Compiled | undefined {
  if (node.base === undefined) return undefined;
  const span = spanOfProperty(node, 'base');
  const target = context.resolve(uri, 'plan', node.base, span);
  if (target?.node.$type !== 'PlanDeclaration') {
    return { problem: `It extends \`${node.base}\`, and no plan has that name`, stated: new Map(), partial: true };
  }
  const base = planOf(context, target.node, target.uri);
  if (base.problem?.endsWith('extends itself')) {
    const way = node.base === node.name ? '' : `, by way of \`${node.base}\``;
    const message = `Plan \`${node.name}\` extends itself`;
    context.error(uri, 'cycle', `${message}${way}`, span);
    return { problem: message, stated: new Map(), partial: true };
  }
  if (base.problem?.endsWith('too long')) context.error(uri, 'cycle', base.problem, span);
  // An error of another file is not underlined in this one: say that it is there.
  if (base.problem !== undefined && target.uri !== uri) {
    context.error(uri, 'bad-import', `Plan \`${node.base}\` has an error where it is declared: ${base.problem}`, span);
  }
  if (!base.partial) return { stated: base.stated };
  return { stated: base.stated, partial: true, problem: `It extends \`${node.base}\`, which has an error` };
}

/** The first error that was reported inside a span. */
const complaint = (context: Context, uri: string, inside: Span): string | undefined =>
  context.problems
    .get(uri)
    ?.find(({ severity, span }) => severity === 'error' && span.start >= inside.start && span.end <= inside.end)?.message;

function pieceOf(context: Context, { entry, uri }: Stated): Piece | undefined {
  const { key, value } = entry;
  const at = { node: value, uri };
  if (key === 'model' || key === 'device') return part(context, entry, uri, key);
  if ((COUNTS as readonly string[]).includes(key)) {
    return countOf(context, at, `\`${key}\``, { min: 1, max: MOST[key as CountKey], tokens: key === 'sequence' });
  }
  return isListSlot(key) ? usesOf(context, at, key) : useOf(context, at, key as Slot);
}

/** What `from` would take for a name that was written in the place of a declared one: the same, or the nearest that is known. */
function presetFor(kind: 'model' | 'device', written: string): string | undefined {
  const [find, names] = kind === 'model' ? [findModel, modelNames] : [findDevice, deviceNames];
  return find(written) ? written : nearest(written, names);
}

/** The last part of a preset's name as a word of the language. */
const wordFor = (preset: string): string =>
  (preset.split('/').at(-1) ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');

function part(context: Context, { value }: Entry, uri: string, kind: 'model' | 'device'): Model | Device | undefined {
  const span = spanOf(value);
  if (isStringLiteral(value)) {
    const known = presetFor(kind, value.text ?? '');
    const how = known ? ` \`${kind} ${wordFor(known) || kind} from "${known}"\`` : '';
    return context.error(uri, 'wrong-type', `\`${kind}\` wants the name of a declared ${kind}: declare it first${how}`, span);
  }
  if (!isPlainWord(value))
    return context.error(uri, 'wrong-type', `\`${kind}\` wants the name of a declared ${kind}, not ${kindOfValue(value)}`, span);
  const target = context.resolve(uri, kind, value.name, span);
  if (!target) return undefined;
  const found =
    kind === 'model'
      ? modelOf(context, target.node as ModelDeclaration, target.uri)
      : deviceOf(context, target.node as DeviceDeclaration, target.uri);
  // The error is where the part is declared; when that is another file, this one says so.
  if (!found && target.uri !== uri)
    context.error(
      uri,
      'unknown-name',
      `${kind === 'model' ? 'Model' : 'Device'} \`${value.name}\` has an error where it is declared`,
      span,
    );
  return found;
}

function assemble(context: Context, name: string, stated: Map<string, Stated>, pieces: Map<string, Piece>): Plan {
  const count = (key: CountKey): number => (pieces.get(key) as number | undefined) ?? 1;
  const plan: Plan = {
    name,
    model: pieces.get('model') as Model,
    device: context.measured(pieces.get('device') as Device),
    batch: count('batch'),
    sequence: count('sequence'),
    accumulate: count('accumulate'),
    slots: {},
    lists: {},
    order: [...stated.keys()].filter(isSlot),
  };
  for (const slot of plan.order) {
    if (isListSlot(slot)) plan.lists[slot] = pieces.get(slot) as Use[];
    else plan.slots[slot] = pieces.get(slot) as Use;
  }
  return plan;
}

/** A conflict is shown at the plan's own statement that takes part; one that is all inherited is the base's to show. */
function reportClash(
  context: Context,
  uri: string,
  entries: Map<string, Entry>,
  stated: Map<string, Stated>,
  { code, message, parts }: Clash,
  name: Span,
  severity: Severity,
): void {
  const own = parts.find(({ slot }) => entries.has(slot));
  // Techniques that are inherited clash with what this plan states in place of its base: a count, the model.
  const other = [...entries.keys()].find((key) => message.includes(`\`${key}\``)) ?? 'model';
  const places = parts.flatMap((part) => {
    const found = stated.get(part.slot);
    return found ? [{ part, ...found }] : [];
  });
  const related = places
    .filter(({ part }) => part !== own)
    .map((place) => ({
      uri: place.uri,
      span: spanOfUse(place.entry.value, place.part.name),
      message: `\`${place.entry.key}\` is stated here`,
    }));
  const entry = entries.get(own?.slot ?? other);
  const span = entry ? spanOfUse(entry.value, own?.name) : name;
  context.report(uri, { severity, code, message, span, ...(related.length > 0 ? { related } : {}) });
}

/** The last use of a technique in a list, or all of what is stated. */
function spanOfUse(value: Expression, name: string | undefined): Span {
  const items: readonly Expression[] = isListLiteral(value) ? value.items : [];
  return spanOf(items.findLast((item) => isWord(item) && item.name === name) ?? value);
}

/** Bytes are exact integers up to 2^53; a tensor beyond that is no plan that anyone has. */
function tooLarge({ model, batch, sequence }: Plan): string | undefined {
  const tokens = batch * sequence;
  const widest = Math.max(
    model.hidden,
    model.ffn * Math.max(1, model.activeExperts),
    model.vocab,
    model.heads * Math.min(sequence, 2 ** 20),
  );
  if (tokens * widest * 8 * Math.max(1, model.layers) < Number.MAX_SAFE_INTEGER) return undefined;
  return `${formatCount(tokens)} tokens a step through this model are too many to estimate`;
}
