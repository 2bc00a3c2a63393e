/** What `find` and `sweep` turn: a number of a plan by its key, and the plan with another value there. */
import { nearest } from '../plan/nearest';
import { LIST_SLOTS, type Plan, type Slot, TECHNIQUE_SLOTS, type Use, type Value } from '../plan/types';
import { DEFAULT_USE, findSpec } from '../techniques/registry';
import type { Spec } from '../techniques/spec';

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
  /** Counts tokens, so that `16k` may be written. */
  tokens: boolean;
  min: number;
  max: number;
  current: number;
  set(value: number): Plan;
}

/** Largest values that a plan's own counts may have; a statement is refused past them too. */
export const MOST = { batch: 1_048_576, sequence: 134_217_728, accumulate: 1_048_576 } as const;
export type CountKey = keyof typeof MOST;
export const COUNTS: readonly CountKey[] = ['sequence', 'batch', 'accumulate'];

const MODEL_KNOBS = { layers: 10_000, hidden: 1_048_576, ffn: 4_194_304, vocab: 100_000_000, experts: 65_536 } as const;
type ModelKey = keyof typeof MODEL_KNOBS;

/** A dense model has no number of experts to turn. */
const modelKeys = ({ model }: Plan): ModelKey[] =>
  (Object.keys(MODEL_KNOBS) as ModelKey[]).filter((key) => key !== 'experts' || model.experts > 0);

export const pathText = ({ name, member }: Path): string => (member === undefined ? name : `${name}.${member}`);

/** The knob of a plan that a path names, or why there is none. */
export function knobOf(plan: Plan, path: Path): Knob | { problem: string; nearest?: string } {
  const { name, member } = path;
  if (member === undefined && name in MOST) {
    const key = name as CountKey;
    return {
      whole: true,
      tokens: key === 'sequence',
      min: 1,
      max: MOST[key],
      current: plan[key],
      set: (value) => ({ ...plan, [key]: value }),
    };
  }
  const key = member === undefined ? modelKeys(plan).find((one) => one === name) : undefined;
  if (key) {
    const set = (value: number): Plan => ({ ...plan, model: { ...plan.model, [key]: value } });
    const min = key === 'experts' ? plan.model.activeExperts : 1;
    return { whole: true, tokens: key === 'vocab', min, max: MODEL_KNOBS[key], current: plan.model[key], set };
  }
  const all = argumentsOf(plan);
  const found = all.filter((one) => one.argument === (member ?? name) && (member === undefined || one.use.name === name));
  const [first] = found;
  if (found.length === 1 && first) return argumentKnob(first);
  const choices = [
    ...COUNTS,
    ...modelKeys(plan),
    ...all.map(({ use, argument }) => (member === undefined ? argument : `${use.name}.${argument}`)),
  ];
  const text = pathText(path);
  if (found.length === 0) {
    const close = nearest(text, choices);
    const hint = close
      ? `Did you mean \`${close}\`?`
      : `Known: ${[...new Set(choices)].map((choice) => `\`${choice}\``).join(', ')}`;
    return { problem: `This plan has no number \`${text}\`. ${hint}`, ...(close ? { nearest: close } : {}) };
  }
  const ways = found.map(({ use, argument }) => `\`${use.name}.${argument}\``);
  return { problem: `\`${text}\` is an argument of several techniques: write ${ways.join(' or ')}` };
}

/** Every number of a plan that may be asked for, by the word that names it alone, and the argument that it is. */
export function numbersOf(plan: Plan): { label: string; spec?: Spec; argument?: string }[] {
  const all = argumentsOf(plan);
  const shared = (argument: string): boolean => all.filter((one) => one.argument === argument).length > 1;
  return [
    ...[...COUNTS, ...modelKeys(plan)].map((label) => ({ label })),
    ...all.map(({ use, spec, argument }) => ({ label: shared(argument) ? `${use.name}.${argument}` : argument, spec, argument })),
  ];
}

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
      if (spec && (type.kind === 'count' || type.kind === 'number'))
        turned.push({ use, spec, argument: name, set: (args) => put({ ...use, args }) });
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
  if (type?.kind !== 'count' && type?.kind !== 'number') return { problem: `\`${argument}\` is no number` };
  const stated: Value | undefined = use.args[argument] ?? spec.args.find(({ name }) => name === argument)?.default;
  const min = type.min ?? (type.kind === 'count' ? 1 : 0);
  return {
    whole: type.kind === 'count',
    tokens: type.kind === 'count' && type.tokens === true,
    min,
    max: type.max ?? 1_048_576,
    ...(type.kind === 'number' && type.exclusiveMax ? { exclusiveMax: true } : {}),
    current: typeof stated === 'number' ? stated : min,
    set: (value) => set({ ...use.args, [argument]: value }),
  };
}
