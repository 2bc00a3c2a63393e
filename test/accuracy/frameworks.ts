/** What each source's framework does that its tables do not repeat, from its code at the time; and what it measured. */
import type { Model, Plan, Use, Value } from '../../src/plan/types';
import type { Quantity } from './plans';
import type { Configuration, Record } from './records';

export interface Framework {
  model?(record: Configuration): Partial<Model>;
  slots?(record: Configuration): Plan['slots'];
  lists?(record: Configuration): Plan['lists'];
  /** Gradients of an earlier pass are there when the measured one begins. */
  keepsGradients?: boolean;
  /** Where the records' own metric says too little. */
  quantity?(record: Record): Quantity | undefined;
  /** GiB measured, where the record's reading of its unit or its total can be corrected from the source's own code. */
  measured?(record: Record): number;
  /** Why a record cannot be expressed. */
  refuses?(record: Record): string | undefined;
}

export const use = (name: string, args: { [argument: string]: Value } = {}): Use => ({ name, args });

/**
 * Own model code with fused q, k, v; adapters on parts of it, padded, with dropout 0.05; the head in chunks of 128 whose
 * logits Fabric raises to float32 and the loop holds; bitsandbytes through Fabric's plugin. `fallback`: models that SDPA's
 * fallback computed. `graph`: a batch as long as the one before it, whose graph the loop's loss still holds; runs that begin with
 * their longest row peak there, before there is a graph.
 */
const litgpt = (torch: string, { fallback, graph = false }: { fallback?: RegExp; graph?: boolean }): Framework => ({
  model: () => ({ fusedQkv: true, tiedEmbeddings: false }),
  slots: ({ model, method, precision }) => ({
    engine: use('pytorch', { torch, transformers: '4.45', 'hold-graph': graph }),
    loss: use('chunked', { chunk: 128, recompute: false }),
    attention: fallback?.test(model.name) ? use('math') : use('flash', { 'repeat-kv': model.kv_heads < model.heads }),
    train: use('lora', {
      rank: method.lora_r ?? 8,
      targets: ['q', 'v'],
      dropout: 0.05,
      'adapter-precision': precision.autocast ? 'fp32' : 'bf16',
      'pad-parts': true,
    }),
    ...(method.quant
      ? { weights: use('nf4', { 'double-quant': /double/.test(method.quant), 'keep-inputs': true, fabric: true }) }
      : {}),
  }),
});

export const frameworks: { [source: string]: Framework } = {
  /** 71 heads of Falcon: growth by 2 bytes × heads × length² a layer between its two records is SDPA's fallback. */
  'litgpt-resource': litgpt('2.1', { fallback: /falcon/i }),

  /**
   * The same half a year on, with rows cut at 512 tokens. LitGPT asked for PyTorch 2.2, whose flash kernel takes any number of heads.
   */
  'litgpt-config-hub': litgpt('2.2', { graph: true }),

  /** Keys and values are expanded to all heads; logits are let go before backward; configurations use the fused AdamW. */
  torchtune: {
    quantity: ({ group }) => (group.includes('2024-05') ? 'reserved' : undefined),
    slots: (record) => {
      const { compile, loss, batch, sequence, optimizer, gradients, group } = record;
      // In May 2024 the shifted copy of the float32 logits was held during backward.
      const early = group.includes('2024-05');
      const inBackward = gradients.in_backward ? { 'in-backward': true } : {};
      const paged = /paged/i.test(optimizer.name ?? '');
      const tokens = (batch ?? 1) * (sequence ?? 1);
      const chunks = /Chunked/.test(loss ?? '');
      // The recipes drop what compiles a loss that is no chunked one: it stays as it was.
      const compiled = { compile, 'compile-loss': chunks };
      return {
        attention: use('flash', { 'repeat-kv': true }),
        optimizer: /8bit/i.test(optimizer.name ?? '')
          ? use('adamw8bit', { paged, ...inBackward })
          : use('adamw', { states: paged ? 'fp32' : 'parameter', fused: true, paged, ...inBackward }),
        engine: use('pytorch', early ? { transformers: '4.45', ...compiled } : { 'hold-output': false, ...compiled }),
        ...(chunks ? { loss: use('chunked', { chunk: tokens / 8, recompute: false }) } : {}),
      };
    },
  },

  /** Gradients stay between the measured passes; PEFT raises adapters to float32; chunks of 500 and 100 (class default, README). */
  streambp: {
    keepsGradients: true,
    slots: ({ checkpointing, method }) => ({
      ...(checkpointing.mode === 'streambp' ? { backward: use('streambp', { chunk: 500, logits: 100 }) } : {}),
      ...(method.type === 'lora' ? { train: use('lora', { rank: 32, targets: ALL, 'adapter-precision': 'fp32' }) } : {}),
      engine: use('pytorch', { transformers: '4.51' }),
    }),
  },

  /** nvidia-smi totals of torch 1.12 on CUDA 11, of which 1343 MiB are the context; the rest is what the allocator holds. */
  'hf-single-gpu': {
    quantity: () => 'reserved',
    measured: ({ measured }) => measured.gib - 1343 / 1024,
    // Two labels on the first token.
    model: () => ({ classes: 2 }),
    slots: () => ({ engine: use('pytorch', { torch: '1.10', transformers: '4.17' }) }),
  },

  /**
   * Qwen's own model code: one matrix for q, k and v, and a loss in the logits' own type, whose log-probabilities Trainer's autocast
   * raises in the LoRA rows and DeepSpeed's fp16 does not in the QLoRA rows; AutoGPTQ's CUDA modules unpack the latter's weights.
   * G is read as 10⁹ bytes: so read, LoRA's growth from 512 to 4096 tokens is that of the steps' tensors to 1 % with both models. PEFT of the time makes adapters in float32; DeepSpeed
   * keeps fp16 ones with float32 masters and states, and its configuration (finetune/ds_config_zero2.json) has two buckets of
   * 2e8 gradients, on one card too. Profiled on the card.
   */
  'qwen-readme': {
    model: () => ({ fusedQkv: true }),
    quantity: () => 'device',
    measured: ({ measured }) => (measured.gib * 1e9) / 2 ** 30,
    slots: ({ method }) => {
      const quantized = method.type === 'qlora';
      return {
        precision: quantized ? use('fp16') : use('bf16', { autocast: true }),
        train: use('lora', { rank: 64, targets: ALL, dropout: 0.05, 'adapter-precision': quantized ? 'fp16' : 'fp32' }),
        optimizer: use('adamw', quantized ? { states: 'fp32', master: true } : { states: 'parameter' }),
        ...(quantized ? { weights: use('int4', { 'keep-copies': true }) } : {}),
        loss: use('cross-entropy', { upcast: false }),
        engine: use('pytorch', { torch: '2.0', transformers: '4.32', 'hold-output': false, 'raise-output': !quantized }),
      };
    },
    lists: ({ method }): Plan['lists'] =>
      method.type === 'qlora' ? { parallel: [use('zero', { stage: 2, n: 1, 'reduce-bucket': 2e8, 'overlap-comm': true })] } : {},
  },

  /**
   * Models' own code under Trainer's autocast, whose outputs are let go before backward: Qwen's takes its loss in the logits' own type,
   * the others' (transformers' Llama and Mistral, ChatGLM3) raise the logits first. Mistral's and ChatGLM3's repeat keys and values.
   * Samples beyond the limit are left out rather than cut (`truncation_strategy: delete`, the default of swift/llm/utils/argument.py
   * at the time), so that every batch of a shuffled file has a length of its own, up to the limit; packed rows have one too
   * (`calculate_matched_group` fills bins up to the limit, and pads none). The tuners' configurations (scripts/benchmark/config/tuner.json, awq.json)
   * set `loss_scale: react`: the trainer's own loss (swift/trainers/loss.py) over the float32 copy that accelerate returns.
   */
  'ms-swift-benchmark': {
    model: ({ model }) => ({
      ...(qwenCode(model) ? { fusedQkv: true } : {}),
      // Biases of the fused projection (add_qkv_bias).
      ...(/^chatglm3/.test(model.name) ? { attentionBias: true } : {}),
    }),
    refuses: ({ model, method }) => {
      if (/^Baichuan2/.test(model.name)) return 'a head normalized anew in every step (Baichuan 2)';
      if (/Unsloth/.test(method.quant ?? '')) return "Unsloth's kernels of a day that is not published";
      if (/AQLM/.test(method.quant ?? '')) return 'weights as codebooks (AQLM)';
      return undefined;
    },
    slots: ({ id, method, model, precision }) => ({
      precision: use(precision.compute, { autocast: true }),
      loss: use('cross-entropy', { upcast: /^swift-tuner/.test(id) || !qwenCode(model) }),
      ...(/zephyr|^chatglm3/.test(model.name) ? { attention: use('flash', { 'repeat-kv': true }) } : {}),
      engine: use('pytorch', { torch: '2.1', transformers: '4.36', 'hold-output': false, 'raise-output': true }),
      allocator: use('cuda-caching', { lengths: 'varied' }),
      // PEFT prepares bitsandbytes models by raising all that is not quantized, and with it the residual stream, to float32.
      ...(/gptq/i.test(method.quant ?? '')
        ? { weights: use(/int8/.test(method.quant ?? '') ? 'int8' : 'int4', { 'keep-copies': true }) }
        : {}),
      ...(/bitsandbytes/.test(method.quant ?? '')
        ? { weights: use('nf4', { 'keep-inputs': true }), precision: use('amp-bf16') }
        : {}),
    }),
  },

  /** PyTorch 1.7; DeiT's logger prints MiB. */
  mesa: {
    measured: ({ measured }) => measured.gib,
    slots: ({ id }) => ({
      engine: use('pytorch', { torch: '1.7' }),
      ...(/-mesa$/.test(id) ? { activations: use('int8', { group: 64 }) } : {}),
    }),
  },

  /** Read off the card: the script's note is the README's claim that the run fits 24 GB. The output object is not held. */
  galore: { quantity: () => 'device', slots: () => ({ engine: GALORE }) },
  'q-galore': { quantity: () => 'device', slots: () => ({ engine: GALORE }) },

  /**
   * fms-hf-tuning on TRL and transformers of May 2024: rows packed to 4096 tokens, reentrant checkpoints, fp16 weights as they are
   * loaded. bitsandbytes' rows run under Trainer's fp16 autocast; in those called baseline PEFT has raised to float32 what is
   * not quantized. Bytes of Trainer's memory metrics (max_memory_allocated).
   */
  'fms-acceleration': {
    model: ({ model }) => (/^Mixtral/.test(model.name) ? { family: 'mixtral', experts: 8, activeExperts: 2 } : {}),
    slots: ({ method }) => ({
      backward: use('checkpoint', { reentrant: true }),
      engine: use('pytorch', { torch: '2.2', transformers: '4.39', 'hold-output': false }),
      ...(method.type === 'full' ? {} : { train: fmsAdapters(method) }),
      ...(/NF4/.test(method.quant ?? '') ? { weights: use('nf4', { 'double-quant': true, 'keep-inputs': true }) } : {}),
    }),
  },

  /** The benchmark prints max_memory_allocated() / 1e9. */
  torchao: { measured: ({ measured }) => (measured.gib * 1e9) / 2 ** 30 },
};

const qwenCode = ({ name }: Configuration['model']): boolean => /^Qwen-/.test(name);

/** PEFT raises adapters to float32, beside GPTQ's matrices the project keeps them in 16 bits. */
export const fmsAdapters = ({ quant }: Pick<Configuration['method'], 'quant'>): Use =>
  use('lora', { rank: 16, targets: ['q', 'k', 'v', 'o'], 'adapter-precision': /GPTQ/.test(quant ?? '') ? 'fp16' : 'fp32' });

const ALL = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
const GALORE = use('pytorch', { transformers: '4.31', 'hold-output': false });
