/** `run` blocks → the proxy that "run on GPU" executes. */
import type { Plan, RunSettings } from '../../src/plan/types';
import type { RunDeclaration } from '../generated/ast';
import type { Context } from './context';
import { countOf, numberOf, stringOf } from './conversions';
import { spanOfProperty } from './names';
import { type Entry, entriesOf, settingsOnly } from './settings';
import { spanOf } from './span';

interface Key {
  field: keyof RunSettings;
  read: 'count' | 'number' | 'file';
  min?: number;
  max?: number;
  tokens?: boolean;
  doc: string;
}

export const RUN_KEYS: { readonly [key: string]: Key } = {
  layers: { field: 'layers', read: 'count', max: 256, doc: 'Layers of the proxy.' },
  hidden: { field: 'hidden', read: 'count', max: 16_384, doc: 'Width of the proxy.' },
  heads: { field: 'heads', read: 'count', max: 1024, doc: 'Attention heads of the proxy.' },
  'kv-heads': { field: 'kvHeads', read: 'count', max: 1024, doc: 'Heads of keys and values.' },
  ffn: { field: 'ffn', read: 'count', max: 65_536, doc: 'Width of the MLP.' },
  vocab: { field: 'vocab', read: 'count', min: 256, max: 262_144, tokens: true, doc: 'Tokens; 256 for bytes of text.' },
  sequence: { field: 'sequence', read: 'count', min: 2, max: 131_072, tokens: true, doc: 'Tokens of a sequence.' },
  batch: { field: 'batch', read: 'count', max: 4096, doc: 'Sequences in a step.' },
  steps: { field: 'steps', read: 'count', max: 1_000_000, doc: 'Training steps.' },
  seed: { field: 'seed', read: 'count', min: 0, max: 4_294_967_295, doc: 'Seed of weights, batches and rounding.' },
  'learning-rate': { field: 'learningRate', read: 'number', doc: 'Learning rate; chosen by optimizer where not stated.' },
  data: { field: 'data', read: 'file', doc: 'A text file of the workspace; without it, text that ships with Memplan.' },
};
export const runKeys = Object.keys(RUN_KEYS);

/** The proxy of a plan without a `run` block, and of what a block leaves out. */
export function defaultRun(plan: string, kvGroups: number): RunSettings {
  return {
    plan,
    layers: 2,
    hidden: 256,
    heads: 4,
    kvHeads: Math.max(1, Math.floor(4 / kvGroups)),
    ffn: 688,
    vocab: 256,
    sequence: 512,
    batch: 2,
    steps: 20,
    seed: 1,
  };
}

/** Query heads for each head of keys and values, as the proxy can have them. */
export const kvGroupsOf = (plan: Plan | undefined): number => {
  const groups = plan ? plan.model.heads / plan.model.kvHeads : 1;
  return groups >= 4 ? 4 : groups >= 2 ? 2 : 1;
};

/** Settings of a `run` block; undefined where it has an error, which is reported. */
export function runOf(context: Context, node: RunDeclaration, uri: string, plan: Plan | undefined): RunSettings | undefined {
  settingsOnly(context, uri, node.body, 'run');
  const { entries, whole } = entriesOf(context, uri, node.body, 'run', runKeys);
  const given: Partial<RunSettings> = {};
  let sound = whole;
  for (const entry of entries.values()) {
    const value = read(context, uri, entry);
    if (value === undefined) sound = false;
    else Object.assign(given, { [RUN_KEYS[entry.key]?.field ?? '']: value });
  }
  if (!sound) return undefined;
  const defaults = defaultRun(node.plan, kvGroupsOf(plan));
  const heads = given.heads ?? defaults.heads;
  const run = {
    ...defaults,
    kvHeads: entries.has('heads') ? Math.max(1, Math.floor(heads / kvGroupsOf(plan))) : defaults.kvHeads,
    ...given,
  };
  const bad = (message: string, ...keys: string[]) => {
    const entry = keys.map((key) => entries.get(key)).find((one) => one);
    return context.error(uri, 'bad-shape', message, entry ? spanOf(entry.value) : spanOfProperty(node, 'plan'));
  };
  if (run.hidden % run.heads !== 0) return bad(`${run.heads} heads do not divide a width of ${run.hidden}`, 'heads', 'hidden');
  if ((run.hidden / run.heads) % 2 !== 0)
    return bad(`Heads are ${run.hidden / run.heads} wide; rotary positions want an even width`, 'heads', 'hidden');
  if (run.heads % run.kvHeads !== 0) return bad(`${run.kvHeads} kv-heads do not divide ${run.heads} heads`, 'kv-heads', 'heads');
  return run;
}

function read(context: Context, uri: string, { key, value }: Entry): number | string | undefined {
  const at = { node: value, uri };
  const label = `\`${key}\``;
  const spec = RUN_KEYS[key];
  if (spec?.read === 'count') {
    return countOf(context, at, label, { min: spec.min ?? 1, max: spec.max ?? 1e9, ...(spec.tokens ? { tokens: true } : {}) });
  }
  if (spec?.read === 'number') return numberOf(context, at, label, { min: 1e-12, max: 1000 });
  const path = stringOf(context, at, label, 'corpus.txt');
  if (path === undefined) return undefined;
  const found = context.reader.locate(uri, path);
  return 'problem' in found
    ? context.error(uri, 'bad-file', `\`${path}\` cannot be used: ${found.problem}`, spanOf(value))
    : found.path;
}
