/** What a model family decides, beyond its dimensions. One place for shapes, presets, configuration readers and blocks. */
import type { Family, Model } from './types';

export interface FamilyTraits {
  /** As people write it. */
  title: string;
  /** `model_type` values of Hugging Face configurations. */
  configTypes: readonly string[];
  /** RMSNorm has a weight, LayerNorm a weight and a bias. */
  norm: 'rms' | 'layer';
  /** `gated`: gate, up and down matrices; `plain`: up and down. */
  mlp: 'gated' | 'plain';
  activation: 'silu' | 'gelu' | 'relu';
  /** q, k and v come from one matrix, and gate and up from another where the MLP is gated. */
  fused: boolean;
  /** Linear layers with a bias, `attentionBias` aside. */
  bias: 'none' | 'all';
  position: 'rotary' | 'learned' | 'alibi' | 'relative';
  /** RMSNorm over each head of q and k. */
  headNorms: boolean;
  /** Norms also after attention and after the MLP (gemma 2 and 3). */
  postNorms: boolean;
  /** Defaults of what a block or a configuration may state. */
  tied: boolean;
  attentionBias: boolean;
  dropout: number;
  /** Rows of the position table, where it is learned. */
  positions: number;
}

const llama: FamilyTraits = {
  title: 'Llama',
  configTypes: ['llama'],
  norm: 'rms',
  mlp: 'gated',
  activation: 'silu',
  fused: false,
  bias: 'none',
  position: 'rotary',
  headNorms: false,
  postNorms: false,
  tied: false,
  attentionBias: false,
  dropout: 0,
  positions: 0,
};

const gemma: FamilyTraits = { ...llama, title: 'Gemma', configTypes: ['gemma'], activation: 'gelu', tied: true };

const gpt2: FamilyTraits = {
  ...llama,
  title: 'GPT-2',
  configTypes: ['gpt2'],
  norm: 'layer',
  mlp: 'plain',
  activation: 'gelu',
  fused: true,
  bias: 'all',
  position: 'learned',
  tied: true,
  dropout: 0.1,
  positions: 1024,
};

const bert: FamilyTraits = { ...gpt2, title: 'BERT', configTypes: ['bert'], fused: false, positions: 512 };

export const FAMILIES: { readonly [family in Family]: FamilyTraits } = {
  llama,
  mistral: { ...llama, title: 'Mistral', configTypes: ['mistral'] },
  mixtral: { ...llama, title: 'Mixtral', configTypes: ['mixtral'] },
  qwen2: { ...llama, title: 'Qwen2', configTypes: ['qwen2'], attentionBias: true },
  qwen3: { ...llama, title: 'Qwen3', configTypes: ['qwen3'], headNorms: true },
  'qwen3-moe': { ...llama, title: 'Qwen3 MoE', configTypes: ['qwen3_moe'], headNorms: true },
  gemma,
  gemma2: { ...gemma, title: 'Gemma 2', configTypes: ['gemma2'], postNorms: true },
  gemma3: { ...gemma, title: 'Gemma 3', configTypes: ['gemma3_text', 'gemma3'], postNorms: true, headNorms: true },
  phi3: { ...llama, title: 'Phi-3', configTypes: ['phi3'], fused: true },
  gpt2,
  gpt_neox: {
    ...gpt2,
    title: 'GPT-NeoX',
    configTypes: ['gpt_neox'],
    position: 'rotary',
    tied: false,
    dropout: 0,
    positions: 0,
  },
  opt: { ...gpt2, title: 'OPT', configTypes: ['opt'], activation: 'relu', fused: false, positions: 2050 },
  bloom: { ...gpt2, title: 'BLOOM', configTypes: ['bloom'], position: 'alibi', dropout: 0, positions: 0 },
  falcon: {
    ...gpt2,
    title: 'Falcon',
    configTypes: ['falcon', 'RefinedWeb', 'RefinedWebModel'],
    bias: 'none',
    position: 'rotary',
    dropout: 0,
    positions: 0,
  },
  bert,
  roberta: { ...bert, title: 'RoBERTa', configTypes: ['roberta', 'xlm-roberta'], positions: 514 },
  t5: {
    ...llama,
    title: 'T5',
    configTypes: ['t5', 'mt5'],
    mlp: 'plain',
    activation: 'relu',
    position: 'relative',
    tied: true,
    dropout: 0.1,
  },
  vit: { ...bert, title: 'ViT', configTypes: ['vit'], tied: false, dropout: 0, positions: 197 },
};

export const familyNames = Object.keys(FAMILIES) as readonly Family[];

/** T5 v1.1, Flan-T5 and mT5 gate the MLP and untie the head, T5 does neither: one tells the other. */
export const gatedMlp = (model: Pick<Model, 'family' | 'tiedEmbeddings'>): boolean =>
  model.family === 't5' ? !model.tiedEmbeddings : FAMILIES[model.family].mlp === 'gated';

/** The dimensions that no family can supply. */
export type Dimensions = Pick<Model, 'layers' | 'hidden' | 'heads' | 'vocab'>;

/** A model from its dimensions; what is not given follows from the family and from the dimensions. */
export function completeModel(name: string, given: Dimensions & Partial<Model>): Model {
  const family = given.family ?? 'llama';
  const traits = FAMILIES[family];
  const { hidden, heads } = given;
  return {
    source: 'block',
    kvHeads: heads,
    headDim: hidden / heads,
    ffn: defaultFfn(family, hidden),
    positions: traits.positions,
    tiedEmbeddings: traits.tied,
    dropout: traits.dropout,
    experts: 0,
    activeExperts: 0,
    sharedFfn: 0,
    slidingWindow: 0,
    attentionBias: traits.attentionBias,
    encoderLayers: 0,
    ...given,
    name,
    family,
  };
}

/** Llama's rule for a gated MLP, two thirds of 4 × hidden up to a multiple of 256 (Touvron et al. 2023, §2.2); else 4 × hidden. */
export function defaultFfn(family: Family, hidden: number): number {
  return FAMILIES[family].mlp === 'gated' ? 256 * Math.ceil((8 * hidden) / 3 / 256) : 4 * hidden;
}
