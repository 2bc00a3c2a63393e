/** `model` declarations → models: a preset, a Hugging Face configuration, or the block's own dimensions. */
import { readConfig } from '../../src/plan/config';
import { completeModel, familyNames } from '../../src/plan/families';
import { MODEL_NUMBERS, type ModelNumberKey, type ModelNumberType, resized, shapeProblem } from '../../src/plan/numbers';
import { findModel, modelNames } from '../../src/plan/presets/models';
import type { Family, Model } from '../../src/plan/types';
import type { ModelDeclaration } from '../generated/ast';
import type { Context } from './context';
import { booleanOf, choiceOf, countOf, numberOf } from './conversions';
import { spanOfProperty } from './names';
import { type Entry, entriesOf, settingsOnly } from './settings';
import { type Span, spanOf } from './span';

interface Key {
  field: keyof Model;
  read: 'number' | 'boolean' | 'family';
  doc: string;
}

const number = (key: ModelNumberKey, doc: string): Key => ({ field: MODEL_NUMBERS[key].field, read: 'number', doc });

export const MODEL_KEYS: { readonly [key: string]: Key } = {
  family: {
    field: 'family',
    read: 'family',
    doc: 'Decides norm, MLP, biases and position encoding, and the defaults of what is not stated. Default `llama`.',
  },
  layers: number('layers', 'Transformer layers.'),
  hidden: number('hidden', 'Width of the residual stream.'),
  heads: number('heads', 'Attention heads.'),
  'kv-heads': number('kv-heads', 'Heads of keys and values; `heads` where not stated.'),
  'head-dim': number('head-dim', 'Width of a head; `hidden / heads` where not stated.'),
  ffn: number('ffn', 'Width of the MLP, of one expert where there are experts.'),
  vocab: number('vocab', 'Tokens in the vocabulary.'),
  positions: number('positions', 'Learned positions; 0 where positions are rotary.'),
  'tied-embeddings': { field: 'tiedEmbeddings', read: 'boolean', doc: 'The head is the embedding.' },
  dropout: number('dropout', 'Probability of the model’s own dropout layers.'),
  experts: number('experts', 'Experts in each layer; 0 for a dense model.'),
  'active-experts': number('active-experts', 'Experts that each token visits.'),
  'shared-ffn': number('shared-ffn', 'Width of a shared expert; 0 for none.'),
  'sliding-window': number('sliding-window', 'Tokens that attention looks back; 0 for all.'),
  'attention-bias': { field: 'attentionBias', read: 'boolean', doc: 'q, k and v carry a bias.' },
  'fused-qkv': {
    field: 'fusedQkv',
    read: 'boolean',
    doc: 'q, k and v come from one matrix, whose output they share; the family decides where not stated.',
  },
  'encoder-layers': number('encoder-layers', 'Layers of an encoder; `layers` then counts the decoder’s.'),
  classes: number(
    'classes',
    'Classes that a text is told by its first token (bert, roberta); 0 for a masked-language-model head. A vit’s are its `vocab`.',
  ),
  patch: number('patch', 'Side of an image patch in pixels (vit).'),
};
export const modelKeys = Object.keys(MODEL_KEYS);
const DIMENSIONS = ['layers', 'hidden', 'heads', 'vocab'] as const;

export function modelOf(context: Context, node: ModelDeclaration, uri: string): Model | undefined {
  return context.once(
    node,
    () => build(context, node, uri),
    () => undefined,
  );
}

function build(context: Context, node: ModelDeclaration, uri: string): Model | undefined {
  settingsOnly(context, uri, node.body, 'model');
  const { entries, whole } = entriesOf(context, uri, node.body, 'model', modelKeys);
  const given: Partial<Model> = {};
  let sound = whole;
  for (const entry of entries.values()) {
    const value = read(context, uri, entry);
    if (value === undefined) sound = false;
    else Object.assign(given, { [MODEL_KEYS[entry.key]?.field ?? '']: value });
  }
  const span = spanOfProperty(node, 'name');
  const base = node.source === undefined ? undefined : source(context, uri, node.source, spanOfProperty(node, 'source'));
  if (node.source !== undefined && !base) return undefined;
  // A name that is missing is the first thing to mend, and is reported as such.
  if (node.name === undefined) return undefined;
  // A key that is not known may be the one that is missed.
  const missing = base || !whole ? [] : DIMENSIONS.filter((key) => given[key] === undefined && !entries.has(key));
  if (missing.length > 0) {
    const list = missing.map((key) => `\`${key}\``).join(', ');
    const message = node.body
      ? `Model \`${node.name}\` lacks ${list}`
      : `Model \`${node.name}\` wants \`from "…"\`, or a block with its dimensions`;
    return context.error(uri, 'missing-dimension', message, span);
  }
  if (!sound) return undefined;
  const model = completed(base, given, node.name);
  return shapely(context, uri, entries, span, model) ? model : undefined;
}

/** The model with what was stated, and with a note of what was left to other dimensions. */
function completed(base: Model | undefined, given: Partial<Model>, name: string): Model {
  const left = (['headDim', 'kvHeads', ...(base ? [] : ['ffn' as const])] as const).filter((field) => given[field] === undefined);
  const model = base ? resized({ ...base, follows: left }, given) : completeModel(name, given as Model);
  return { ...model, name, follows: left };
}

function read(context: Context, uri: string, { key, value }: Entry): number | boolean | string | undefined {
  const at = { node: value, uri };
  const label = `\`${key}\``;
  switch (MODEL_KEYS[key]?.read) {
    case 'number':
      return numberIn(context, at, label, MODEL_NUMBERS[key as ModelNumberKey]);
    case 'boolean':
      return booleanOf(context, at, label);
    default:
      return choiceOf(context, at, label, familyNames) as Family | undefined;
  }
}

const numberIn = (context: Context, at: Parameters<typeof countOf>[1], label: string, type: ModelNumberType) =>
  type.fraction ? numberOf(context, at, label, { ...type, exclusiveMax: true }) : countOf(context, at, label, type);

function source(context: Context, uri: string, written: string, span: Span): Model | undefined {
  if (!/\.json$/i.test(written) && !/^\.{0,2}\//.test(written)) {
    const model = findModel(written);
    if (model) return { ...model, source: model.name };
    // A name without its owner is looked for among names without owners.
    const choices = written.includes('/') ? modelNames : modelNames.map((name) => name.split('/').at(-1) ?? name);
    return context.unknown(uri, 'unknown-model', `No model preset is named \`${written}\``, written, span, choices);
  }
  const found = context.reader.read(uri, written);
  if ('problem' in found) return context.error(uri, 'bad-config', `\`${written}\` cannot be read: ${found.problem}`, span);
  let json: unknown;
  try {
    json = JSON.parse(found.text.replace(/^\ufeff/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return context.error(uri, 'bad-config', `\`${written}\` is not JSON: ${reason}`, span);
  }
  const result = readConfig(json, written);
  return result.ok ? { ...result.model, source: written } : context.error(uri, 'bad-config', result.message, span);
}

/** Dimensions that contradict one another would make a tape of fractions. */
function shapely(context: Context, uri: string, entries: Map<string, Entry>, span: Span, model: Model): boolean {
  const problem = shapeProblem(model);
  if (!problem) return true;
  const entry = problem.keys.map((key) => entries.get(key)).find((one) => one);
  context.error(uri, 'bad-shape', problem.message, entry ? spanOf(entry.value) : span);
  return false;
}
