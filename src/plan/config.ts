/** Reads Hugging Face configurations (`config.json`) as models. The content is untrusted: every field is checked, nothing throws. */
import { LAYOUTS, type Layout } from './config-layouts';
import { FAMILIES, familyNames } from './families';
import { formatCount, formatShort } from './format';
import { nearest } from './nearest';
import type { Family, Model } from './types';
import { parameterCount } from './weights';

export type ConfigResult = { ok: true; model: Model } | { ok: false; message: string; field?: string };

/** Largest values that any model could mean; past them a file is mistaken or hostile. */
const MOST = { layers: 10_000, width: 4_194_304, heads: 65_536, vocab: 100_000_000, experts: 65_536, parameters: 1e14 };

/** Ends a reading with one sentence; caught in `readConfig`. */
class Refusal extends Error {
  constructor(
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

type Fields = { readonly [field: string]: unknown };

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as the message repeats it, cut short. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

class Reader {
  constructor(
    private readonly fields: Fields,
    private readonly layout: Layout,
  ) {}

  /** The first of the names that the file states, or that the library assumes. */
  private find(names: readonly string[]): { field: string; value: unknown } {
    for (const field of names) {
      const value = Object.hasOwn(this.fields, field) ? this.fields[field] : undefined;
      if (value !== undefined && value !== null) return { field, value };
    }
    const field = names[0] ?? '';
    // A stated null means "none" (no window, no separate key heads); only silence means the library's default.
    return { field, value: Object.hasOwn(this.fields, field) ? undefined : this.layout.assumed?.[field] };
  }

  /** A whole number from 1 to `most`; `otherwise` where the file does not say, and required without it. */
  count(names: readonly string[] | undefined, most: number, otherwise?: number): number {
    if (names === undefined || names.length === 0) return otherwise ?? 0;
    const { field, value } = this.find(names);
    if (value === undefined && otherwise !== undefined) return otherwise;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
      const state = value === undefined ? 'is missing' : `is ${shown(value)}`;
      throw new Refusal(`\`${field}\` ${state}; a whole number from 1 to ${formatCount(most)} is wanted`, field);
    }
    return value;
  }

  fraction(names: readonly string[], otherwise: number): number {
    const { field, value = otherwise } = this.find(names);
    if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
      throw new Refusal(`\`${field}\` is ${shown(value)}; a number from 0 up to, not including, 1 is wanted`, field);
    }
    return value;
  }

  flag(field: string, otherwise: boolean): boolean {
    const { value = otherwise } = this.find([field]);
    if (typeof value !== 'boolean') throw new Refusal(`\`${field}\` is ${shown(value)}; true or false is wanted`, field);
    return value;
  }

  raw(field: string): unknown {
    return this.find([field]).value;
  }
}

function modelOf(family: Family, fields: Fields, name: string): Model {
  const layout = LAYOUTS[family];
  const traits = FAMILIES[family];
  const read = new Reader(fields, layout);

  for (const [field, wanted] of Object.entries(layout.only ?? {})) {
    const value = read.raw(field);
    if (value !== undefined && value !== wanted) {
      throw new Refusal(`\`${field}\` is ${shown(value)}; for ${traits.title} only ${shown(wanted)} is modelled`, field);
    }
  }

  const layers = read.count(layout.layers, MOST.layers);
  const hidden = read.count(layout.hidden, MOST.width);
  const heads = read.count(layout.heads, MOST.heads);
  const headDim = read.count(layout.headDim ?? [], MOST.width, hidden / heads);
  if (!Number.isInteger(headDim)) {
    const field = layout.heads[0] ?? '';
    throw new Refusal(
      `\`${field}\` is ${heads}, which does not divide \`${layout.hidden[0]}\` ${hidden}; state \`head_dim\``,
      field,
    );
  }
  const kvHeads = family === 'falcon' ? falconKvHeads(read, layout, heads) : read.count(layout.kvHeads ?? [], MOST.heads, heads);
  if (heads % kvHeads !== 0) {
    const field = layout.kvHeads?.[0] ?? '';
    throw new Refusal(`\`${field}\` is ${kvHeads}, which does not divide the ${heads} heads`, field);
  }
  const plainFfn = traits.mlp === 'plain' ? 4 * hidden : undefined;

  const model: Model = {
    name,
    source: name,
    family,
    layers,
    hidden,
    heads,
    kvHeads,
    headDim,
    ffn: read.count(layout.ffn ?? [], MOST.width, plainFfn),
    vocab: family === 'vit' ? classes(read) : read.count(layout.vocab ?? ['vocab_size'], MOST.vocab),
    positions: positions(family, read, layout),
    tiedEmbeddings: family === 't5' ? t5Tied(read) : family !== 'vit' && read.flag('tie_word_embeddings', traits.tied),
    dropout: layout.dropout.length === 0 ? traits.dropout : read.fraction(layout.dropout, traits.dropout),
    experts: 0,
    activeExperts: 0,
    sharedFfn: 0,
    slidingWindow: slidingWindow(family, read),
    attentionBias: attentionBias(family, read),
    encoderLayers: read.count(layout.encoderLayers, MOST.layers, 0),
  };
  if (family === 'vit') model.patch = read.count(['patch_size'], MOST.width, 16);
  if (family === 'mixtral' || family === 'qwen3-moe') readExperts(family, model, read);
  checkFamily(model, read);

  const parameters = parameterCount(model);
  if (parameters > MOST.parameters) {
    throw new Refusal(
      `it describes a model of ${formatShort(parameters)} parameters; at most ${formatShort(MOST.parameters)} are taken`,
    );
  }
  return model;
}

/** Falcon says `multi_query` for one key head; only the new decoder states how many. */
function falconKvHeads(read: Reader, layout: Layout, heads: number): number {
  if (read.flag('new_decoder_architecture', false)) return read.count(layout.kvHeads, MOST.heads, heads);
  return read.flag('multi_query', true) ? 1 : heads;
}

/** T5 v1.1 and its kin both gate the MLP and untie the head; the first configurations said neither and did neither. */
function t5Tied(read: Reader): boolean {
  const projection = read.raw('feed_forward_proj') ?? 'relu';
  if (typeof projection !== 'string') {
    throw new Refusal(
      `\`feed_forward_proj\` is ${shown(projection)}; a name such as "relu" or "gated-gelu" is wanted`,
      'feed_forward_proj',
    );
  }
  const gated = projection.startsWith('gated-');
  const tied = read.flag('tie_word_embeddings', true);
  if (gated === tied) {
    const reason = gated ? 'a gated MLP with a tied head' : 'a plain MLP with an untied head';
    throw new Refusal(
      `\`tie_word_embeddings\` is ${tied} and \`feed_forward_proj\` "${projection}"; ${reason} is not modelled`,
      'tie_word_embeddings',
    );
  }
  return tied;
}

/** Classes of an image classifier: `num_labels`, or as many as `id2label` names; the library assumes 2. */
function classes(read: Reader): number {
  const labels = read.raw('id2label');
  if (isRecord(labels)) return Math.max(1, Object.keys(labels).length);
  return read.count(['num_labels'], MOST.vocab, 2);
}

/** Rows of the learned position table. */
function positions(family: Family, read: Reader, layout: Layout): number {
  if (family === 'vit') {
    const image = read.count(['image_size'], MOST.width, 224);
    const patch = read.count(['patch_size'], MOST.width, 16);
    if (patch > image) throw new Refusal(`\`patch_size\` is ${patch}, more than \`image_size\` ${image}`, 'patch_size');
    return Math.floor(image / patch) ** 2 + 1;
  }
  if (FAMILIES[family].position !== 'learned' || layout.positions === undefined) return 0;
  const rows = read.count([layout.positions], MOST.vocab, FAMILIES[family].positions);
  // OPT looks positions up two rows further down.
  return family === 'opt' && read.raw(layout.positions) !== undefined ? rows + 2 : rows;
}

function slidingWindow(family: Family, read: Reader): number {
  const windowed: readonly Family[] = ['mistral', 'mixtral', 'qwen2', 'qwen3', 'qwen3-moe', 'gemma2', 'gemma3', 'phi3'];
  if (!windowed.includes(family)) return 0;
  if (family.startsWith('qwen') && !read.flag('use_sliding_window', false)) return 0;
  return read.count(['sliding_window'], Number.MAX_SAFE_INTEGER, 0);
}

function attentionBias(family: Family, read: Reader): boolean {
  const stated: readonly Family[] = ['llama', 'qwen3', 'qwen3-moe'];
  const { attentionBias: usual } = FAMILIES[family];
  return stated.includes(family) ? read.flag('attention_bias', usual) : usual;
}

function readExperts(family: Family, model: Model, read: Reader): void {
  const field = family === 'mixtral' ? 'num_local_experts' : 'num_experts';
  model.experts = read.count([field, 'num_local_experts'], MOST.experts);
  model.activeExperts = read.count(['num_experts_per_tok'], MOST.experts);
  if (model.activeExperts > model.experts) {
    throw new Refusal(
      `\`num_experts_per_tok\` is ${model.activeExperts}, more than the ${model.experts} experts`,
      'num_experts_per_tok',
    );
  }
  const dense = read.raw('mlp_only_layers');
  if (Array.isArray(dense) && dense.length > 0) {
    throw new Refusal('`mlp_only_layers` names layers without experts; a mix of layers is not modelled', 'mlp_only_layers');
  }
}

function checkFamily(model: Model, read: Reader): void {
  const width = model.family === 'opt' ? read.raw('word_embed_proj_dim') : undefined;
  if (width !== undefined && width !== model.hidden) {
    throw new Refusal(
      `\`word_embed_proj_dim\` is ${shown(width)}; only one equal to \`hidden_size\` is modelled`,
      'word_embed_proj_dim',
    );
  }
}

function familyOf(type: unknown): Family {
  const types = familyNames.flatMap((family) => FAMILIES[family].configTypes.map((configType) => [configType, family] as const));
  const found = types.find(([configType]) => configType === type);
  if (found !== undefined) return found[1];
  if (typeof type !== 'string' || type === '') {
    const state = type === undefined ? 'is missing' : `is ${shown(type)}`;
    throw new Refusal(
      `\`model_type\` ${state}; a Hugging Face configuration names its family there, such as "llama"`,
      'model_type',
    );
  }
  const known = types.map(([configType]) => configType);
  const near = nearest(type, known);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new Refusal(`the family ${shown(type)} is not known; known are ${known.join(', ')}.${hint}`, 'model_type');
}

/**
 * A model from the parsed content of a `config.json`. `name` is how messages and the model call the file.
 * A failure is one sentence that names the field, what it holds and what was expected.
 */
export function readConfig(json: unknown, name: string): ConfigResult {
  try {
    if (!isRecord(json)) throw new Refusal('it holds no JSON object; a Hugging Face config.json is wanted');
    const family = familyOf(Object.hasOwn(json, 'model_type') ? json.model_type : undefined);
    // Gemma 3 with a vision tower keeps the language model's dimensions in a part of their own.
    const part = family === 'gemma3' && Object.hasOwn(json, 'text_config') ? json.text_config : json;
    if (!isRecord(part)) throw new Refusal(`\`text_config\` is ${shown(part)}; an object is wanted`, 'text_config');
    return { ok: true, model: modelOf(family, part, name) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const message = `${name}: ${error.message}`;
    return error.field === undefined ? { ok: false, message } : { ok: false, message, field: error.field };
  }
}
