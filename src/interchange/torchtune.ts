/** torchtune's single-device recipes: https://docs.pytorch.org/torchtune, components named by dotted paths. */
import { modulesOf, stated, TORCHTUNE, targetsOf } from './hugging-face';
import type { SettingsReader } from './reader';
import { checkpointsEveryLayer, defined, missing, type Settings, type Setup, type Writers, writeSlots } from './setup';
import type { Trainer } from './trainer';

const TITLE = 'torchtune';

/** Builders of torchtune for the presets that it has. */
const BUILDERS: { readonly [model: string]: string } = {
  'meta-llama/Llama-2-7b': 'llama2.llama2_7b',
  'meta-llama/Llama-2-13b': 'llama2.llama2_13b',
  'meta-llama/Llama-2-70b': 'llama2.llama2_70b',
  'meta-llama/Meta-Llama-3-8B': 'llama3.llama3_8b',
  'meta-llama/Meta-Llama-3-70B': 'llama3.llama3_70b',
  'meta-llama/Llama-3.1-8B': 'llama3_1.llama3_1_8b',
  'meta-llama/Llama-3.1-70B': 'llama3_1.llama3_1_70b',
  'meta-llama/Llama-3.1-405B': 'llama3_1.llama3_1_405b',
  'meta-llama/Llama-3.2-1B': 'llama3_2.llama3_2_1b',
  'meta-llama/Llama-3.2-3B': 'llama3_2.llama3_2_3b',
  'meta-llama/Llama-3.3-70B-Instruct': 'llama3_3.llama3_3_70b',
  'mistralai/Mistral-7B-v0.1': 'mistral.mistral_7b',
  'google/gemma-2b': 'gemma.gemma_2b',
  'google/gemma-7b': 'gemma.gemma_7b',
  'google/gemma-2-2b': 'gemma2.gemma2_2b',
  'google/gemma-2-9b': 'gemma2.gemma2_9b',
  'google/gemma-2-27b': 'gemma2.gemma2_27b',
  'microsoft/Phi-3-mini-4k-instruct': 'phi3.phi3_mini',
  'Qwen/Qwen2-0.5B': 'qwen2.qwen2_0_5b',
  'Qwen/Qwen2-1.5B': 'qwen2.qwen2_1_5b',
  'Qwen/Qwen2-7B': 'qwen2.qwen2_7b',
};
const PREFIX = 'torchtune.models.';
const DTYPES: { readonly [precision: string]: string } = { bf16: 'bf16', fp16: 'fp16', fp32: 'fp32' };
const ADAMW8 = 'bitsandbytes.optim.AdamW8bit';
const PAGED = 'bitsandbytes.optim.PagedAdamW8bit';
const CHUNKED = 'torchtune.modules.loss.LinearCrossEntropyLoss';
const PLAIN = 'torch.nn.CrossEntropyLoss';

const writers: Writers = {
  precision: (use) => (DTYPES[use.name] === undefined ? missing(TITLE, 'precision', use) : { dtype: DTYPES[use.name] }),
  weights: (use, { slots }) => (use.name === 'nf4' && slots.train?.name === 'lora' ? {} : missing(TITLE, 'weights', use)),
  train: (use) => (use.name === 'full' || use.name === 'lora' ? {} : missing(TITLE, 'train', use)),
  optimizer: (use) => {
    if (use.name === 'adamw') return { optimizer: { _component_: 'torch.optim.AdamW', fused: use.args.fused === true } };
    if (use.name === 'adamw8bit') return { optimizer: { _component_: use.args.paged === true ? PAGED : ADAMW8 } };
    if (use.name === 'sgd') return { optimizer: { _component_: 'torch.optim.SGD', momentum: use.args.momentum } };
    return missing(TITLE, 'optimizer', use);
  },
  backward: (use) => {
    if (use.name === 'standard') return { enable_activation_checkpointing: false };
    return checkpointsEveryLayer(use) ? { enable_activation_checkpointing: true } : missing(TITLE, 'backward', use);
  },
  attention: (use) => (use.name === 'flash' || use.name === 'sdpa' ? {} : missing(TITLE, 'attention', use)),
  loss: (use, { batch, sequence }) => {
    if (use.name === 'cross-entropy') return { loss: { _component_: PLAIN } };
    if (use.name !== 'chunked') return missing(TITLE, 'loss', use);
    return { loss: { _component_: CHUNKED, num_output_chunks: Math.ceil((batch * sequence) / Number(use.args.chunk)) } };
  },
};

/** The model's component: adapters and four-bit weights are arguments of its builder. */
function modelSettings(setup: Required<Setup>): Settings | string {
  const builder = Object.hasOwn(BUILDERS, setup.model) ? BUILDERS[setup.model] : undefined;
  if (builder === undefined) return `${TITLE} has no builder for ${setup.model}; name one under model._component_`;
  const { train, weights } = setup.slots;
  if (train?.name !== 'lora') return { _component_: PREFIX + builder };
  const [folder, name] = builder.split('.');
  const modules = modulesOf(train.args.targets, TORCHTUNE);
  return {
    _component_: `${PREFIX}${folder}.lora_${name}`,
    lora_attn_modules: modules.filter((module) => module.endsWith('_proj')),
    apply_lora_to_mlp: modules.some((module) => module.startsWith('w')),
    lora_rank: train.args.rank,
    lora_alpha: train.args.alpha,
    lora_dropout: train.args.dropout,
    quantize_base: weights?.name === 'nf4',
  };
}

function readModel(read: SettingsReader): Pick<Setup, 'model' | 'slots'> {
  const component = read.text('_component_') ?? '';
  const adapted = /\.q?lora_/.test(component);
  const builder = component.replace(PREFIX, '').replace(/\.q?lora_/, '.');
  const model = Object.keys(BUILDERS).find((name) => BUILDERS[name] === builder);
  if (model === undefined) read.notes.push(`the builder ${component} is not known; name the model`);
  const attention = targetsOf(read, read.words('lora_attn_modules')) ?? [];
  const targets = [...attention, ...(read.flag('apply_lora_to_mlp') === true ? ['gate', 'up', 'down'] : [])];
  const args = stated({
    rank: read.count('lora_rank'),
    targets: targets.length > 0 ? targets : undefined,
    alpha: read.number('lora_alpha'),
    dropout: read.number('lora_dropout'),
  });
  const quantized = read.flag('quantize_base') === true || /\.qlora_/.test(component);
  return {
    ...(model === undefined ? {} : { model }),
    // torchtune's NF4 tensors quantize their scales too.
    slots: defined({
      train: adapted ? { name: 'lora', args } : undefined,
      weights: quantized ? { name: 'nf4', args: { 'double-quant': true } } : undefined,
    }),
  };
}

function readOptimizer(read: SettingsReader): Setup['slots']['optimizer'] {
  const component = read.text('_component_');
  if (component === 'torch.optim.AdamW') return { name: 'adamw', args: read.flag('fused') === true ? { fused: true } : {} };
  if (component === ADAMW8) return { name: 'adamw8bit', args: {} };
  if (component === PAGED) return { name: 'adamw8bit', args: { paged: true } };
  if (component === 'torch.optim.SGD') return { name: 'sgd', args: stated({ momentum: read.number('momentum') }) };
  if (component !== undefined) read.notes.push(`the optimizer ${component} is not known; the plan has the default`);
  return undefined;
}

export const torchtune: Trainer = {
  name: 'torchtune',
  title: TITLE,
  format: 'yaml',
  usage: 'tune run lora_finetune_single_device --config FILE (full_finetune_single_device without adapters)',
  export: (setup) => {
    const { settings, notes } = writeSlots(TITLE, setup, writers);
    const model = modelSettings(setup);
    const head = {
      ...(typeof model === 'string' ? {} : { model }),
      tokenizer: { max_seq_len: setup.sequence },
      batch_size: setup.batch,
      gradient_accumulation_steps: setup.accumulate,
    };
    return { settings: { ...head, ...settings }, notes: typeof model === 'string' ? [model, ...notes] : notes };
  },
  detect: (settings) => typeof settings.model === 'object' && settings.model !== null && '_component_' in settings.model,
  import: (read): Setup => {
    const model = read.part('model');
    const optimizer = read.part('optimizer');
    const loss = read.part('loss');
    const { slots, ...named } = readModel(model);
    const batch = read.count('batch_size');
    const tokenizer = read.part('tokenizer');
    const sequence = tokenizer.count('max_seq_len');
    const chunks = loss.count('num_output_chunks') ?? 8;
    const chunked = /LinearCrossEntropyLoss|CEWithChunkedOutputLoss/.test(loss.text('_component_') ?? '');
    const chunk = batch !== undefined && sequence !== undefined ? Math.ceil((batch * sequence) / chunks) : undefined;
    const dtype = read.text('dtype');
    const found: Setup = {
      ...named,
      ...stated({ batch, accumulate: read.count('gradient_accumulation_steps'), sequence }),
      slots: {
        ...slots,
        ...defined({
          precision: dtype !== undefined && Object.hasOwn(DTYPES, dtype) ? { name: dtype, args: {} } : undefined,
          optimizer: readOptimizer(optimizer),
          backward: read.flag('enable_activation_checkpointing') === true ? { name: 'checkpoint', args: {} } : undefined,
          loss: chunked ? { name: 'chunked', args: stated({ chunk }) } : undefined,
        }),
      },
    };
    for (const part of [model, optimizer, loss, tokenizer]) read.notes.push(...part.notes);
    return found;
  },
};
