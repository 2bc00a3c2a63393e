/**
 * A plan as plain data. Nothing here knows files, editors or frameworks.
 * Sizes are integers in bytes, token counts are integers, times are seconds.
 */

/** Element types of tensors. `nf4`, `int4` and smaller are packed; see `bytesOf`. */
export type DType = 'fp32' | 'bf16' | 'fp16' | 'fp8' | 'int64' | 'int32' | 'int8' | 'int4' | 'int3' | 'int2' | 'nf4' | 'bool';

/** Every model family whose layers the planner can lower. */
export type Family =
  | 'llama'
  | 'mistral'
  | 'mixtral'
  | 'qwen2'
  | 'qwen3'
  | 'qwen3-moe'
  | 'gemma'
  | 'gemma2'
  | 'gemma3'
  | 'phi3'
  | 'gpt2'
  | 'gpt_neox'
  | 'opt'
  | 'bloom'
  | 'falcon'
  | 'bert'
  | 'roberta'
  | 't5'
  | 'vit';

/** Dimensions of a model. Field names are the language's keys in camelCase. */
export interface Model {
  name: string;
  /** Where the dimensions come from: a preset's repository, a config file, or `block`. */
  source: string;
  family: Family;
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Width of the MLP's inner layer (of one expert, where there are experts). */
  ffn: number;
  vocab: number;
  /** Learned positions (gpt2, opt, bert, vit); 0 where positions are rotary or ALiBi. */
  positions: number;
  tiedEmbeddings: boolean;
  /** Dropout probability of the model's own dropout layers (not LoRA's). */
  dropout: number;
  experts: number;
  activeExperts: number;
  /** Experts that the router chooses among, where a card has only some of them. */
  routedExperts?: number;
  /** Width of a shared expert's MLP (qwen2-moe style); 0 for none. */
  sharedFfn: number;
  /** Tokens of a sliding window; 0 for full attention. */
  slidingWindow: number;
  /** q, k and v come from one matrix; where it is not said, the family decides. */
  fusedQkv?: boolean;
  /** q, k and v projections carry a bias (qwen2). */
  attentionBias: boolean;
  /** Encoder layers of an encoder-decoder (t5); 0 otherwise. `layers` then counts the decoder's. */
  encoderLayers: number;
  /** Classes of a sequence classifier on the first token (bert, roberta); 0 or absent: masked-language-model head. */
  classes?: number;
  /** Side of an image patch in pixels (vit); 16 where it is not said. */
  patch?: number;
  /** Dimensions that the file leaves to others: they follow when `hidden` or `heads` changes. */
  follows?: readonly ('headDim' | 'kvHeads' | 'ffn')[];
  /** Published parameter count, where a preset has one: the test of the shapes. */
  publishedParameters?: number;
}

/** Classes of operations that reach different shares of a card's peaks. */
export const OP_CLASSES = ['products', 'attention', 'elementwise', 'decompositions'] as const;
export type OpClass = (typeof OP_CLASSES)[number];

/** Shares of the card's peaks that operations were measured to reach, by class. */
export interface Measured {
  /** Name of the adapter that was measured. */
  adapter: string;
  software: boolean;
  efficiency: { [kind in OpClass]?: number };
  /** It holds for frameworks' steps too, not for the runner's own alone. */
  anyEngine: boolean;
}

/** A card. */
export interface Device {
  name: string;
  /** Name of the card, where its figures come from a preset. */
  preset?: string;
  source: string;
  /** Bytes that the driver reports as total. */
  memory: number;
  /** Bytes kept out of the plan's reach: the display, other processes, the context (see presets). */
  reserve: number;
  /** Memory bandwidth, bytes per second. */
  bandwidth: number;
  /** Dense peak of the 16-bit matrix units, FLOP per second; what a plan's matmuls run at in bf16 or fp16. */
  flops: number;
  /** Dense peak of fp32 arithmetic outside the matrix units (or TF32 where the framework's default), FLOP per second. */
  flops32: number;
  /** Bytes per second to other cards and to the host. */
  interconnect: number;
  hostMemory: number;
  /** Generation: decides context and workspace sizes. */
  architecture: 'volta' | 'turing' | 'ampere' | 'ada' | 'hopper' | 'blackwell' | 'rdna' | 'cdna' | 'apple' | 'intel' | 'other';
  /** Absent: operations reach what they usually do. */
  measured?: Measured;
}

/** A value in a technique's argument. A nested call (`inner: adamw8bit`) is a `Use`. */
export type Value = number | string | boolean | Value[] | Use;

/** One technique put to use: its name and its named arguments, exactly as stated (defaults come from the spec). */
export interface Use {
  name: string;
  args: { [argument: string]: Value };
}

/** Slots that hold one technique. */
export const TECHNIQUE_SLOTS = [
  'precision',
  'weights',
  'train',
  'gradients',
  'optimizer',
  'backward',
  'activations',
  'attention',
  'loss',
  'allocator',
  'engine',
] as const;
export type TechniqueSlot = (typeof TECHNIQUE_SLOTS)[number];
/** Slots that hold a list of techniques. */
export const LIST_SLOTS = ['parallel', 'offload'] as const;
export type ListSlot = (typeof LIST_SLOTS)[number];
export type Slot = TechniqueSlot | ListSlot;
export const SLOTS: readonly Slot[] = [...TECHNIQUE_SLOTS, ...LIST_SLOTS];
export const isSlot = (word: string): word is Slot => SLOTS.some((slot) => slot === word);
export const isListSlot = (word: string): word is ListSlot => LIST_SLOTS.some((slot) => slot === word);

/** A plan with everything resolved. A slot that is not stated is absent from `slots`; the default is the registry's. */
export interface Plan {
  name: string;
  model: Model;
  device: Device;
  batch: number;
  sequence: number;
  accumulate: number;
  slots: { [slot in TechniqueSlot]?: Use };
  lists: { [slot in ListSlot]?: Use[] };
  /** The stated slots in the order of the file, inherited ones first: the order of the waterfall. */
  order: Slot[];
}

/** The proxy that "run on GPU" executes. */
export interface RunSettings {
  plan: string;
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  ffn: number;
  vocab: number;
  sequence: number;
  batch: number;
  steps: number;
  seed: number;
  /** Learning rate; undefined lets the runner choose by optimizer. */
  learningRate?: number;
  /** Absolute path of the text, already checked to lie in the workspace; undefined for the text that ships. */
  data?: string;
}
