/** What `find` and `sweep` turn: a number of a plan by its key, and the plan with another value there. */
import type { Unit } from '../plan/format';
import { nearest } from '../plan/nearest';
import {
  DEVICE_NUMBERS,
  type DeviceNumberKey,
  type Measure,
  MODEL_NUMBERS,
  type ModelNumberKey,
  type ModelNumberType,
  meaningless,
  resized,
  shapeProblem,
  withDeviceNumber,
} from '../plan/numbers';
import { LIST_SLOTS, type Plan, SLOTS, type Slot, TECHNIQUE_SLOTS, type Use, type Value } from '../plan/types';
import { refusalsOf } from '../techniques/compatibility';
import { DEFAULT_USE, findSpec } from '../techniques/registry';
import { idle, type Spec } from '../techniques/spec';

/** A key, or an argument with its technique's name before it: `rank`, `galore.rank`. */
export interface Path {
  name: string;
  member?: string;
}

export interface Knob {
  /** The value is a whole number. */
  whole: boolean;
  /** `max` itself may not be written. */
  exclusiveMax?: boolean;
  /** What it is counted in: with `tokens`, `16k` may be written. */
  unit?: Unit;
  /** Values are looked for in steps of this size: whole MiB, hundredths. Absent: one. */
  grain?: number;
  min: number;
  max: number;
  current: number;
  set(value: number): Plan;
}

/** Largest values that a plan's own counts may have; a statement is refused past them too. */
export const MOST = { batch: 1_048_576, sequence: 134_217_728, accumulate: 1_048_576 } as const;
export type CountKey = keyof typeof MOST;
export const COUNTS: readonly CountKey[] = ['sequence', 'batch', 'accumulate'];

/** Fractions are looked for in steps of this size. */
const FRACTION = 0.01;

export const pathText = ({ name, member }: Path): string => (member === undefined ? name : `${name}.${member}`);

/** Numbers that a path names by one word: those of the plan, of its model and of its card. */
const NAMED: readonly { kind: string; keys: readonly string[]; knob(plan: Plan, key: string): Knob }[] = [
  { kind: 'plan', keys: COUNTS, knob: (plan, key) => countKnob(plan, key as CountKey) },
  { kind: 'model', keys: Object.keys(MODEL_NUMBERS), knob: (plan, key) => modelKnob(plan, key as ModelNumberKey) },
  { kind: 'device', keys: Object.keys(DEVICE_NUMBERS), knob: (plan, key) => deviceKnob(plan, key as DeviceNumberKey) },
];

/** What a number of that name would be, where it is none of the plan's: for those who look for it in the wrong place. */
const ELSEWHERE: { readonly [name: string]: string } = Object.fromEntries([
  ...['steps', 'seed', 'learning-rate'].map((name) => [name, 'a number of the `run` block, which a plan does not depend on']),
  ...['family', 'tied-embeddings', 'attention-bias', 'fused-qkv'].map((name) => [name, 'no number, but a property of the model']),
  ...['peak', 'time', 'host', 'tokens-per-second'].map((name) => [
    name,
    'a figure that follows from a plan: write `require` for it',
  ]),
  ...['model', 'device'].map((name) => [name, 'no number']),
  ...SLOTS.map((name) => [name, 'no number: a technique stands there, whose arguments may be asked for']),
]);

/** The knob of a plan that a path names, or why there is none. */
export function knobOf(plan: Plan, path: Path): Knob | { problem: string; nearest?: string } {
  const { name, member } = path;
  const text = pathText(path);
  const named = member === undefined ? NAMED.find(({ keys }) => keys.includes(name)) : undefined;
  const why = named?.kind === 'model' ? meaningless(plan.model, name as ModelNumberKey) : undefined;
  const all = argumentsOf(plan);
  const found = all.filter((one) => one.argument === (member ?? name) && (member === undefined || one.use.name === name));
  // A word of the plan, its model or its card comes before an argument of that name, where it means something.
  if (named && (!why || found.length === 0))
    return why ? { problem: `\`${name}\` means nothing here: ${why}` } : named.knob(plan, name);
  const [first] = found;
  if (found.length === 1 && first) return argumentKnob(first);
  if (found.length === 0) {
    const elsewhere = member === undefined ? ELSEWHERE[name] : undefined;
    if (elsewhere) return { problem: `\`${name}\` is ${elsewhere}` };
    const choices = [
      ...words(plan),
      ...all.map(({ use, argument }) => (member === undefined ? argument : `${use.name}.${argument}`)),
    ];
    const close = nearest(text, choices);
    const hint = close
      ? `Did you mean \`${close}\`?`
      : `Known: ${[...new Set(choices)].map((choice) => `\`${choice}\``).join(', ')}`;
    return { problem: `This plan has no number \`${text}\`. ${hint}`, ...(close ? { nearest: close } : {}) };
  }
  const ways = found.map(({ use, argument }) => `\`${use.name}.${argument}\``);
  return { problem: `\`${text}\` is an argument of several techniques: write ${ways.join(' or ')}` };
}

/** What may be asked for by one word, arguments aside. */
const words = ({ model }: Plan): string[] =>
  NAMED.flatMap(({ kind, keys }) => (kind === 'model' ? keys.filter((key) => !meaningless(model, key as ModelNumberKey)) : keys));

/** Every number of a plan that may be asked for, by the word that names it alone, and the argument that it is. */
export function numbersOf(plan: Plan): { label: string; spec?: Spec; argument?: string }[] {
  const all = argumentsOf(plan).filter(({ use, spec, argument }) => !idle(spec, use, argument));
  const known = words(plan);
  const shared = (argument: string): boolean =>
    known.includes(argument) || all.filter((one) => one.argument === argument).length > 1;
  return [
    ...known.map((label) => ({ label })),
    ...all.map(({ use, spec, argument }) => ({ label: shared(argument) ? `${use.name}.${argument}` : argument, spec, argument })),
  ];
}

const countKnob = (plan: Plan, key: CountKey): Knob => ({
  whole: true,
  ...(key === 'sequence' ? { unit: 'tokens' } : {}),
  min: 1,
  max: MOST[key],
  current: plan[key],
  set: (value) => ({ ...plan, [key]: value }),
});

function modelKnob(plan: Plan, key: ModelNumberKey): Knob {
  const { field, min, max, tokens, fraction }: ModelNumberType = MODEL_NUMBERS[key];
  const { model } = plan;
  return {
    whole: !fraction,
    ...(fraction ? { exclusiveMax: true, grain: FRACTION } : {}),
    ...(tokens ? { unit: 'tokens' } : {}),
    // Nought stands for a thing that is not there, or for no limit: it is not the least of the others.
    min: fraction || key === 'shared-ffn' ? min : Math.max(1, min),
    max,
    current: model[field] ?? min,
    set: (value) => ({ ...plan, model: resized(model, { [field]: value }) }),
  };
}

const MiB = 1024 ** 2;
const GRAIN: { readonly [unit in Measure]: number } = { bytes: MiB, 'bytes/s': 1e8, FLOPS: 1e11 };

function deviceKnob(plan: Plan, key: DeviceNumberKey): Knob {
  const { device } = plan;
  const { field, unit, min, max } = DEVICE_NUMBERS[key];
  return {
    whole: true,
    unit,
    grain: GRAIN[unit],
    min: field === 'memory' ? device.reserve + MiB : min,
    max: field === 'reserve' ? device.memory - MiB : max,
    current: device[field],
    set: (value) => ({ ...plan, device: withDeviceNumber(device, field, value) }),
  };
}

/** Whether a plan with a number changed could be written: a model whose dimensions agree, and techniques that take them. */
export const possible = (plan: Plan): boolean => !shapeProblem(plan.model) && refusalsOf(plan).length === 0;

interface Turned {
  use: Use;
  spec: Spec;
  argument: string;
  set(args: Use['args']): Plan;
}

/** Every number among the arguments of the techniques that a plan uses, defaults included. */
function argumentsOf(plan: Plan): Turned[] {
  const turned: Turned[] = [];
  const add = (slot: Slot, use: Use, put: (use: Use) => Plan): void => {
    const spec = findSpec(slot, use.name);
    for (const { name, type } of spec?.args ?? []) {
      if (!spec) continue;
      if (type.kind === 'count' || type.kind === 'number')
        turned.push({ use, spec, argument: name, set: (args) => put({ ...use, args }) });
      const inner = use.args[name];
      if (type.kind === 'technique' && inner !== undefined)
        add(type.slot, typeof inner === 'object' && 'name' in inner ? inner : { name: String(inner), args: {} }, (changed) =>
          put({ ...use, args: { ...use.args, [name]: changed } }),
        );
    }
  };
  for (const slot of TECHNIQUE_SLOTS) {
    const use = plan.slots[slot] ?? DEFAULT_USE[slot];
    const order = plan.order.includes(slot) ? plan.order : [...plan.order, slot];
    if (use) add(slot, use, (changed) => ({ ...plan, order, slots: { ...plan.slots, [slot]: changed } }));
  }
  for (const slot of LIST_SLOTS) {
    const list = plan.lists[slot] ?? [];
    list.forEach((use, index) => {
      add(slot, use, (changed) => ({ ...plan, lists: { ...plan.lists, [slot]: list.with(index, changed) } }));
    });
  }
  return turned;
}

function argumentKnob({ use, spec, argument, set }: Turned): Knob | { problem: string } {
  const type = spec.args.find(({ name }) => name === argument)?.type;
  const problem = idle(spec, use, argument);
  if (problem) return { problem };
  if (type?.kind !== 'count' && type?.kind !== 'number') return { problem: `\`${argument}\` is no number` };
  const stated: Value | undefined = use.args[argument] ?? spec.args.find(({ name }) => name === argument)?.default;
  const min = type.min ?? (type.kind === 'count' ? 1 : 0);
  return {
    whole: type.kind === 'count',
    ...(type.kind === 'number' ? { grain: FRACTION } : type.tokens ? { unit: 'tokens' } : {}),
    min,
    max: type.max ?? 1_048_576,
    ...(type.kind === 'number' && type.exclusiveMax ? { exclusiveMax: true } : {}),
    current: typeof stated === 'number' ? stated : min,
    set: (value) => set({ ...use.args, [argument]: value }),
  };
}
