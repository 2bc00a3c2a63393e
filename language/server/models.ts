/** `model` declarations → models: a preset, a Hugging Face configuration, or the block's own dimensions. */
import { readConfig } from '../../src/plan/config';
import { completeModel, FAMILIES, familyNames } from '../../src/plan/families';
import { findModel, modelNames } from '../../src/plan/presets/models';
import type { Family, Model } from '../../src/plan/types';
import type { ModelDeclaration } from '../generated/ast';
import type { Context } from './context';
import { booleanOf, choiceOf, countOf, numberOf } from './conversions';
import { spanOfProperty } from './names';
import { type Entry, entriesOf, settingsOnly } from './settings';
import { type Span, spanOf } from './span';

type Read = 'count' | 'tokens' | 'boolean' | 'fraction' | 'family';
interface Key {
  field: keyof Model;
  read: Read;
  /** Counts: the range. */
  min?: number;
  max?: number;
  doc: string;
}

const WIDEST = 4_194_304;

export const MODEL_KEYS: { readonly [key: string]: Key } = {
  family: {
    field: 'family',
    read: 'family',
    doc: 'Decides norm, MLP, biases and position encoding, and the defaults of what is not stated. Default `llama`.',
  },
  layers: { field: 'layers', read: 'count', max: 10_000, doc: 'Transformer layers.' },
  hidden: { field: 'hidden', read: 'count', max: WIDEST, doc: 'Width of the residual stream.' },
  heads: { field: 'heads', read: 'count', max: 65_536, doc: 'Attention heads.' },
  'kv-heads': { field: 'kvHeads', read: 'count', max: 65_536, doc: 'Heads of keys and values; `heads` where not stated.' },
  'head-dim': { field: 'headDim', read: 'count', max: WIDEST, doc: 'Width of a head; `hidden / heads` where not stated.' },
  ffn: { field: 'ffn', read: 'count', max: WIDEST, doc: 'Width of the MLP, of one expert where there are experts.' },
  vocab: { field: 'vocab', read: 'tokens', max: 100_000_000, doc: 'Tokens in the vocabulary.' },
  positions: {
    field: 'positions',
    read: 'tokens',
    min: 0,
    max: 134_217_728,
    doc: 'Learned positions; 0 where positions are rotary.',
  },
  'tied-embeddings': { field: 'tiedEmbeddings', read: 'boolean', doc: 'The head is the embedding.' },
  dropout: { field: 'dropout', read: 'fraction', doc: 'Probability of the model’s own dropout layers.' },
  experts: { field: 'experts', read: 'count', min: 0, max: 65_536, doc: 'Experts in each layer; 0 for a dense model.' },
  'active-experts': { field: 'activeExperts', read: 'count', min: 0, max: 65_536, doc: 'Experts that each token visits.' },
  'shared-ffn': { field: 'sharedFfn', read: 'count', min: 0, max: WIDEST, doc: 'Width of a shared expert; 0 for none.' },
  'sliding-window': {
    field: 'slidingWindow',
    read: 'tokens',
    min: 0,
    max: 134_217_728,
    doc: 'Tokens that attention looks back; 0 for all.',
  },
  'attention-bias': { field: 'attentionBias', read: 'boolean', doc: 'q, k and v carry a bias.' },
  'fused-qkv': {
    field: 'fusedQkv',
    read: 'boolean',
    doc: 'q, k and v come from one matrix, whose output they share; the family decides where not stated.',
  },
  'encoder-layers': {
    field: 'encoderLayers',
    read: 'count',
    min: 0,
    max: 10_000,
    doc: 'Layers of an encoder; `layers` then counts the decoder’s.',
  },
  classes: {
    field: 'classes',
    read: 'count',
    min: 0,
    max: 1_000_000,
    doc: 'Classes that a text is told by its first token (bert, roberta); 0 for a masked-language-model head. A vit’s are its `vocab`.',
  },
  patch: { field: 'patch', read: 'count', max: 4096, doc: 'Side of an image patch in pixels (vit).' },
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
  const model = base ? { ...base, ...follow(base, given), ...given, name: node.name } : completeModel(node.name, given as Model);
  return shapely(context, uri, entries, span, model) ? model : undefined;
}

/** What follows from an overridden dimension and is not itself stated. */
function follow(base: Model, given: Partial<Model>): Partial<Model> {
  const hidden = given.hidden ?? base.hidden;
  const heads = given.heads ?? base.heads;
  const changed = hidden !== base.hidden || heads !== base.heads;
  return changed ? { headDim: hidden / heads, kvHeads: Math.min(base.kvHeads, heads) } : {};
}

function read(context: Context, uri: string, { key, value }: Entry): number | boolean | string | undefined {
  const at = { node: value, uri };
  const label = `\`${key}\``;
  const spec = MODEL_KEYS[key];
  switch (spec?.read) {
    case 'count':
    case 'tokens':
      return countOf(context, at, label, { min: spec.min ?? 1, max: spec.max ?? WIDEST, tokens: spec.read === 'tokens' });
    case 'boolean':
      return booleanOf(context, at, label);
    case 'fraction':
      return numberOf(context, at, label, { min: 0, max: 1, exclusiveMax: true });
    default:
      return choiceOf(context, at, label, familyNames) as Family | undefined;
  }
}

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
  const at = (...keys: string[]) => {
    const entry = keys.map((key) => entries.get(key)).find((one) => one);
    return entry ? spanOf(entry.value) : span;
  };
  const bad = (message: string, where: Span) => {
    context.error(uri, 'bad-shape', message, where);
    return false;
  };
  if (!Number.isInteger(model.hidden / model.heads) && !entries.has('head-dim')) {
    return bad(`${model.heads} heads do not divide a width of ${model.hidden}: state \`head-dim\``, at('heads', 'hidden'));
  }
  if (model.heads % model.kvHeads !== 0)
    return bad(`${model.kvHeads} kv-heads do not divide ${model.heads} heads`, at('kv-heads', 'heads'));
  if (model.activeExperts > model.experts)
    return bad(`${model.activeExperts} active experts are more than ${model.experts} experts`, at('active-experts', 'experts'));
  if (model.experts > 0 && model.activeExperts === 0) return bad('A model with `experts` wants `active-experts`', at('experts'));
  const { family } = model;
  if (model.classes && family !== 'bert' && family !== 'roberta')
    return bad(
      `\`classes\` are told by bert and roberta, not by ${family}${family === 'vit' ? ': its classes are its `vocab`' : ''}`,
      at('classes'),
    );
  if (model.fusedQkv && (family === 't5' || FAMILIES[family].headNorms))
    return bad(
      `\`fused-qkv\` is not for ${family}: ${family === 't5' ? 'its decoder reads keys and values of another input' : 'it has norms of its own on q and k'}`,
      at('fused-qkv'),
    );
  if (FAMILIES[model.family].position === 'learned' && model.positions === 0)
    return bad(`The ${model.family} family has learned \`positions\``, at('positions', 'family'));
  return true;
}
