import type { Family } from './types';

/** Where a family's configuration keeps its dimensions, where that is not Llama's way; the first name present counts. */
export interface Layout {
  layers: readonly string[];
  encoderLayers?: readonly string[];
  hidden: readonly string[];
  heads: readonly string[];
  kvHeads?: readonly string[];
  headDim?: readonly string[];
  ffn?: readonly string[];
  vocab?: readonly string[];
  dropout: readonly string[];
  positions?: string;
  /** What the library assumes for fields that published configurations leave out. */
  assumed?: { [field: string]: number };
  /** Fields that must have one value, because another changes the shapes in a way that is not modelled. */
  only?: { [field: string]: unknown };
}

const llama: Layout = {
  layers: ['num_hidden_layers'],
  hidden: ['hidden_size'],
  heads: ['num_attention_heads'],
  kvHeads: ['num_key_value_heads'],
  headDim: ['head_dim'],
  ffn: ['intermediate_size'],
  vocab: ['vocab_size'],
  dropout: [],
  only: { mlp_bias: false },
};
const gemma: Layout = { ...llama, assumed: { head_dim: 256 }, only: { attention_bias: false } };
const gpt2: Layout = {
  layers: ['n_layer', 'num_hidden_layers'],
  hidden: ['n_embd', 'hidden_size'],
  heads: ['n_head', 'num_attention_heads'],
  ffn: ['n_inner', 'ffn_dim', 'intermediate_size'],
  vocab: ['vocab_size'],
  dropout: ['resid_pdrop'],
  positions: 'n_positions',
  only: { add_cross_attention: false },
};
const bert: Layout = {
  ...llama,
  kvHeads: [],
  headDim: [],
  dropout: ['hidden_dropout_prob'],
  positions: 'max_position_embeddings',
  only: { type_vocab_size: 2, position_embedding_type: 'absolute', add_cross_attention: false },
};

export const LAYOUTS: { readonly [family in Family]: Layout } = {
  llama,
  mistral: { ...llama, assumed: { num_key_value_heads: 8, sliding_window: 4096 } },
  mixtral: { ...llama, assumed: { num_key_value_heads: 8, num_local_experts: 8, num_experts_per_tok: 2 } },
  qwen2: llama,
  qwen3: { ...llama, assumed: { head_dim: 128 } },
  'qwen3-moe': { ...llama, ffn: ['moe_intermediate_size'], assumed: { head_dim: 128 }, only: { decoder_sparse_step: 1 } },
  gemma,
  gemma2: { ...gemma, assumed: { head_dim: 256, sliding_window: 4096 } },
  gemma3: {
    ...gemma,
    assumed: { head_dim: 256, sliding_window: 4096, vocab_size: 262208, num_attention_heads: 8, num_key_value_heads: 4 },
  },
  phi3: { ...llama, dropout: ['resid_pdrop'] },
  gpt2,
  gpt_neox: { ...llama, dropout: ['hidden_dropout'], kvHeads: [], headDim: [], only: { attention_bias: true } },
  opt: {
    ...llama,
    kvHeads: [],
    headDim: [],
    ffn: ['ffn_dim'],
    dropout: ['dropout'],
    positions: 'max_position_embeddings',
    only: { do_layer_norm_before: true, enable_bias: true, layer_norm_elementwise_affine: true, _remove_final_layer_norm: false },
  },
  bloom: { ...gpt2, hidden: ['hidden_size', 'n_embed'], dropout: ['hidden_dropout'], ffn: [], only: {} },
  falcon: {
    ...gpt2,
    hidden: ['hidden_size'],
    layers: ['num_hidden_layers', 'n_layer'],
    heads: ['num_attention_heads', 'n_head'],
    kvHeads: ['num_kv_heads', 'n_head_kv'],
    ffn: ['ffn_hidden_size'],
    dropout: ['hidden_dropout'],
    only: { alibi: false, bias: false, parallel_attn: true },
  },
  bert,
  roberta: { ...bert, only: { ...bert.only, type_vocab_size: 1 } },
  t5: {
    layers: ['num_decoder_layers', 'num_layers'],
    encoderLayers: ['num_layers'],
    hidden: ['d_model'],
    heads: ['num_heads'],
    headDim: ['d_kv'],
    ffn: ['d_ff'],
    vocab: ['vocab_size'],
    dropout: ['dropout_rate'],
    only: { relative_attention_num_buckets: 32 },
  },
  vit: { ...bert, only: { num_channels: 3, qkv_bias: true } },
};
