import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/plan/config';
import { findModel, modelNames } from '../../src/plan/presets/models';
import type { Model } from '../../src/plan/types';
import { parameterCount } from '../../src/plan/weights';

type Config = { [field: string]: unknown };

/** The configuration that a repository of this model would hold: the test's own knowledge of the format. */
function configOf(model: Model): Config {
  const { layers, hidden, heads, kvHeads, headDim, ffn, vocab, positions, tiedEmbeddings: tied, slidingWindow: sliding } = model;
  const window = sliding === 0 ? null : sliding;
  const llama: Config = {
    model_type: model.family,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: ffn,
    vocab_size: vocab,
    tie_word_embeddings: tied,
  };
  const bert = {
    ...llama,
    num_key_value_heads: undefined,
    max_position_embeddings: positions,
    hidden_dropout_prob: model.dropout,
  };
  switch (model.family) {
    case 'mistral':
      return { ...llama, head_dim: headDim, sliding_window: window };
    case 'mixtral':
      return { ...llama, num_local_experts: model.experts, num_experts_per_tok: model.activeExperts };
    case 'qwen3':
      return { ...llama, head_dim: headDim };
    case 'qwen3-moe':
      return {
        ...llama,
        model_type: 'qwen3_moe',
        head_dim: headDim,
        intermediate_size: 6144,
        moe_intermediate_size: ffn,
        num_experts: model.experts,
        num_experts_per_tok: model.activeExperts,
        mlp_only_layers: [],
        decoder_sparse_step: 1,
      };
    case 'gemma':
    case 'gemma2':
      return { ...llama, head_dim: headDim, sliding_window: window, tie_word_embeddings: undefined };
    case 'gemma3': {
      const text = { ...llama, head_dim: headDim, sliding_window: window, tie_word_embeddings: undefined };
      return { model_type: 'gemma3', text_config: { ...text, model_type: 'gemma3_text' }, vision_config: { hidden_size: 1152 } };
    }
    case 'phi3':
      return { ...llama, sliding_window: window };
    case 'gpt2':
      return {
        model_type: 'gpt2',
        n_layer: layers,
        n_embd: hidden,
        n_head: heads,
        n_positions: positions,
        n_inner: null,
        vocab_size: vocab,
      };
    case 'gpt_neox':
      return { ...llama, num_key_value_heads: undefined };
    case 'opt':
      return {
        ...llama,
        ffn_dim: ffn,
        max_position_embeddings: positions - 2,
        word_embed_proj_dim: hidden,
        do_layer_norm_before: true,
      };
    case 'bloom':
      return { model_type: 'bloom', n_layer: layers, hidden_size: hidden, num_attention_heads: heads, vocab_size: vocab };
    case 'falcon':
      return {
        ...llama,
        ...(kvHeads === 1 ? { multi_query: true } : { new_decoder_architecture: true, num_kv_heads: kvHeads }),
        alibi: false,
        bias: false,
        parallel_attn: true,
      };
    case 'bert':
      return { ...bert, type_vocab_size: 2 };
    case 'roberta':
      return { ...bert, type_vocab_size: 1 };
    case 't5':
      return {
        model_type: 't5',
        num_layers: model.encoderLayers,
        num_decoder_layers: layers,
        d_model: hidden,
        num_heads: heads,
        d_kv: headDim,
        d_ff: ffn,
        vocab_size: vocab,
        feed_forward_proj: tied ? 'relu' : 'gated-gelu',
        tie_word_embeddings: tied,
      };
    case 'vit': {
      const id2label = Object.fromEntries(Array.from({ length: vocab }, (_, label) => [label, `LABEL_${label}`]));
      return { ...bert, id2label, image_size: 224, patch_size: model.patch ?? 16, hidden_dropout_prob: 0 };
    }
    default:
      return llama;
  }
}

const parsed = (config: Config): unknown => JSON.parse(JSON.stringify(config));
const presets = modelNames.flatMap((name) => findModel(name) ?? []);

describe('config.json of published models', () => {
  it.each(presets.map((model) => [model.name, model] as const))('%s', (_, preset) => {
    const result = readConfig(parsed(configOf(preset)), preset.name);
    if (!result.ok) throw new Error(result.message);
    const { publishedParameters: _published, ...dimensions } = preset;
    const { patch = 16, ...read } = result.model;
    const { patch: presetPatch = 16, ...wanted } = dimensions;
    expect(read).toEqual(wanted);
    expect(patch).toBe(presetPatch);
    if (preset.publishedParameters !== undefined) expect(parameterCount(result.model)).toBe(preset.publishedParameters);
  });
});

const LLAMA: Config = {
  model_type: 'llama',
  num_hidden_layers: 32,
  hidden_size: 4096,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 14336,
  vocab_size: 128256,
};

describe('what the fields mean', () => {
  const model = (config: Config) => {
    const result = readConfig(config, 'config.json');
    if (!result.ok) throw new Error(result.message);
    return result.model;
  };
  it('has as many key heads as heads where it does not say', () =>
    expect(model({ ...LLAMA, num_key_value_heads: undefined }).kvHeads).toBe(32));
  it('takes head_dim from the file before hidden / heads', () => {
    expect(model(LLAMA).headDim).toBe(128);
    expect(model({ ...LLAMA, head_dim: 96 }).headDim).toBe(96);
    expect(model({ ...LLAMA, head_dim: null }).headDim).toBe(128);
  });
  it('ties the head as each family does where the file does not say', () => {
    expect(model(LLAMA).tiedEmbeddings).toBe(false);
    expect(model({ ...LLAMA, model_type: 'gemma' }).tiedEmbeddings).toBe(true);
    expect(model({ ...LLAMA, tie_word_embeddings: true }).tiedEmbeddings).toBe(true);
  });
  it('has no window where the file says null, and the usual one where it says nothing', () => {
    const mistral = { ...LLAMA, model_type: 'mistral' };
    expect(model({ ...mistral, sliding_window: null }).slidingWindow).toBe(0);
    expect(model(mistral).slidingWindow).toBe(4096);
  });
  it('uses a sliding window only where Qwen2 switches it on', () => {
    const qwen = { ...LLAMA, model_type: 'qwen2', sliding_window: 32768 };
    expect(model({ ...qwen, use_sliding_window: false }).slidingWindow).toBe(0);
    expect(model({ ...qwen, use_sliding_window: true }).slidingWindow).toBe(32768);
  });
  it('puts biases of attention_bias on q, k, v and the output', () => {
    const plain = parameterCount(model(LLAMA));
    expect(parameterCount(model({ ...LLAMA, attention_bias: true })) - plain).toBe(32 * (4096 + 1024 + 1024 + 4096));
  });
});

describe('what is refused', () => {
  const refusal = (json: unknown) => {
    const result = readConfig(json, './config.json');
    if (result.ok) throw new Error('accepted');
    return result;
  };

  it.each([null, 7, 'text', [], [LLAMA]])('%j is no configuration', (json) => {
    expect(refusal(json).message).toBe('./config.json: it holds no JSON object; a Hugging Face config.json is wanted');
  });

  it('an unknown family, by name, with the known ones and the nearest', () => {
    const { message, field } = refusal({ ...LLAMA, model_type: 'lama' });
    expect(field).toBe('model_type');
    expect(message).toContain('"lama"');
    expect(message).toContain('Did you mean llama?');
    for (const known of ['mistral', 'qwen3_moe', 'gpt_neox', 'falcon', 't5', 'vit']) expect(message).toContain(known);
    expect(refusal({ ...LLAMA, model_type: 'mamba' }).message).not.toContain('Did you mean');
    expect(refusal({ hidden_size: 64 }).message).toContain('`model_type` is missing');
    expect(refusal({ ...LLAMA, model_type: '__proto__' }).field).toBe('model_type');
  });

  const bad = [undefined, 0, -1, 1.5, 1e18, '32', true, [], {}, Number.NaN];
  const required = ['num_hidden_layers', 'hidden_size', 'num_attention_heads', 'intermediate_size', 'vocab_size'];
  it.each(required.flatMap((field) => bad.map((value) => [field, value] as const)))('%s: %j', (field, value) => {
    const { message, field: named } = refusal({ ...LLAMA, [field]: value });
    expect(named).toBe(field);
    expect(message).toContain(`\`${field}\``);
    expect(message).toMatch(/a whole number from 1 to [\d,]+ is wanted$/);
  });

  it.each([
    [{ num_attention_heads: 33, num_key_value_heads: 33 }, 'num_attention_heads', 'does not divide'],
    [{ num_key_value_heads: 5 }, 'num_key_value_heads', 'does not divide the 32 heads'],
    [{ num_key_value_heads: 64 }, 'num_key_value_heads', 'does not divide the 32 heads'],
    [{ tie_word_embeddings: 'yes' }, 'tie_word_embeddings', 'true or false'],
    [{ mlp_bias: true }, 'mlp_bias', 'only false is modelled'],
    [{ model_type: 'mixtral', num_local_experts: 2, num_experts_per_tok: 3 }, 'num_experts_per_tok', 'more than the 2 experts'],
    [
      { model_type: 'qwen3_moe', moe_intermediate_size: 64, num_experts: 4, num_experts_per_tok: 1, mlp_only_layers: [0] },
      'mlp_only_layers',
      '',
    ],
    [{ model_type: 'gemma3', text_config: 3 }, 'text_config', 'an object'],
    [{ model_type: 'opt', ffn_dim: 64, word_embed_proj_dim: 512 }, 'word_embed_proj_dim', 'hidden_size'],
    [{ model_type: 'bert', hidden_dropout_prob: 1 }, 'hidden_dropout_prob', 'from 0 up to'],
    [{ model_type: 'vit', patch_size: 256 }, 'patch_size', 'image_size'],
  ] as const)('%j', (fields, field, words) => {
    const result = refusal({ ...LLAMA, ...fields });
    expect(result.field).toBe(field);
    expect(result.message).toContain(words);
  });

  it('a model larger than could ever be counted', () => {
    const giant = { ...LLAMA, num_hidden_layers: 10_000, hidden_size: 4_194_304, intermediate_size: 4_194_304 };
    expect(refusal(giant).message).toMatch(/describes a model of .* parameters/);
  });

  it('repeats long values only in part', () => {
    expect(refusal({ ...LLAMA, hidden_size: 'x'.repeat(1e6) }).message.length).toBeLessThan(200);
  });
});

describe('whatever a file holds', () => {
  const whole = (model: Model) => {
    for (const key of ['layers', 'hidden', 'heads', 'kvHeads', 'headDim', 'ffn', 'vocab'] as const) {
      expect(Number.isSafeInteger(model[key]) && model[key] > 0, key).toBe(true);
    }
    expect(Number.isSafeInteger(parameterCount(model))).toBe(true);
  };

  it('is a whole model or one sentence, and never an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const result = readConfig(json, 'x');
        if (result.ok) whole(result.model);
        else expect(result.message.length).toBeGreaterThan(3);
      }),
      { numRuns: 500 },
    );
  });

  it('stays so with any field of a real configuration replaced by anything', () => {
    const configs = presets.map((model) => parsed(configOf(model)) as Config);
    fc.assert(
      fc.property(
        fc.constantFrom(...configs),
        fc.nat(),
        fc.oneof(fc.jsonValue(), fc.double(), fc.integer()),
        (config, at, value) => {
          const fields = Object.keys(config);
          const field = fields[at % fields.length] ?? '';
          const result = readConfig({ ...config, [field]: value }, 'x');
          if (result.ok) whole(result.model);
          else expect(result.message).toMatch(/^x: .{10,}/);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
