/** LLaMA-Factory: https://github.com/hiyouga/LLaMA-Factory, on `TrainingArguments` with names of its own. */
import { familyModules, modulesOf, optimizerSettings, readOptimizer, stated, targetsOf } from './hugging-face';
import type { SettingsReader } from './reader';
import { checkpointsEveryLayer, defined, missing, type Setup, type Writers, writeSlots } from './setup';
import type { Trainer } from './trainer';

const TITLE = 'LLaMA-Factory';

/** With `bf16` alone, trained parameters are float32 and products run under autocast; `pure_bf16` keeps them bf16. */
const PRECISIONS: { readonly [precision: string]: { bf16: boolean; pure_bf16: boolean; fp16: boolean } } = {
  bf16: { bf16: true, pure_bf16: true, fp16: false },
  'amp-bf16': { bf16: true, pure_bf16: false, fp16: false },
  'amp-fp16': { bf16: false, pure_bf16: false, fp16: true },
  fp32: { bf16: false, pure_bf16: false, fp16: false },
};
const ATTENTION: { readonly [kernel: string]: string } = { flash: 'fa2', sdpa: 'sdpa', eager: 'disabled' };

const writers: Writers = {
  precision: (use, { slots }) => {
    const found = PRECISIONS[use.name];
    if (found === undefined) return missing(TITLE, 'precision', use);
    // Frozen weights are loaded in bf16 in either case; adapters are float32 unless it is pure.
    const raised = slots.train?.name === 'lora' && slots.train.args['adapter-precision'] === 'fp32';
    return raised ? { ...found, pure_bf16: false } : found;
  },
  weights: (use) => {
    if (use.name === 'nf4') {
      return {
        quantization_method: 'bnb',
        quantization_bit: 4,
        quantization_type: 'nf4',
        double_quantization: use.args['double-quant'] === true,
      };
    }
    return use.name === 'int8' ? { quantization_method: 'bnb', quantization_bit: 8 } : missing(TITLE, 'weights', use);
  },
  train: (use, { family }) => {
    if (use.name === 'full') return { finetuning_type: 'full' };
    if (use.name !== 'lora' && use.name !== 'dora') return missing(TITLE, 'train', use);
    const { rank, alpha, dropout, targets } = use.args;
    return {
      finetuning_type: 'lora',
      ...(use.name === 'dora' ? { use_dora: true } : {}),
      lora_rank: rank,
      lora_alpha: alpha,
      lora_dropout: dropout,
      lora_target: modulesOf(targets, familyModules(family)).join(','),
    };
  },
  optimizer: (use) => {
    if (use.name === 'adam-mini') return { optim: 'adamw_torch', use_adam_mini: true };
    if (use.name === 'muon') return { use_muon: true };
    if (use.name === 'apollo' || use.name === 'apollo-mini') {
      const mini = use.name === 'apollo-mini';
      return {
        optim: 'adamw_torch',
        use_apollo: true,
        apollo_rank: mini ? 1 : use.args.rank,
        apollo_target: 'all',
        apollo_update_interval: use.args.every,
        apollo_proj: 'random',
        apollo_scale_type: mini ? 'tensor' : 'channel',
        apollo_scale: use.args.scale,
      };
    }
    if (use.name !== 'galore') return optimizerSettings(use) ?? missing(TITLE, 'optimizer', use);
    const { rank, every, scale, layerwise, inner } = use.args;
    const optim = typeof inner === 'object' && !Array.isArray(inner) && inner.name === 'adamw8bit' ? 'adamw_8bit' : 'adamw_torch';
    return {
      optim,
      use_galore: true,
      galore_layerwise: layerwise === true,
      galore_rank: rank,
      galore_update_interval: every,
      galore_scale: scale,
      galore_target: 'all',
    };
  },
  backward: (use) => {
    if (use.name === 'standard') return { disable_gradient_checkpointing: true };
    return checkpointsEveryLayer(use) ? {} : missing(TITLE, 'backward', use);
  },
  attention: (use) =>
    ATTENTION[use.name] === undefined ? missing(TITLE, 'attention', use) : { flash_attn: ATTENTION[use.name] },
  loss: (use) =>
    use.name === 'cross-entropy' ? {} : use.name === 'chunked' ? { enable_liger_kernel: true } : missing(TITLE, 'loss', use),
};

function readOptimizers(read: SettingsReader): Setup['slots']['optimizer'] {
  const optimizer = readOptimizer(read);
  const args = stated({
    rank: read.count('galore_rank'),
    every: read.count('galore_update_interval'),
    scale: read.number('galore_scale'),
    inner: optimizer?.name === 'adamw8bit' ? { name: 'adamw8bit', args: {} } : undefined,
    layerwise: read.flag('galore_layerwise') === true ? true : undefined,
  });
  read.raw('galore_target');
  const rank = read.count('apollo_rank');
  const tensor = read.text('apollo_scale_type') === 'tensor';
  const more = stated({ every: read.count('apollo_update_interval'), scale: read.number('apollo_scale') });
  for (const key of ['apollo_target', 'apollo_proj']) read.raw(key);
  if (read.flag('use_adam_mini') === true) return { name: 'adam-mini', args: {} };
  if (read.flag('use_muon') === true) return { name: 'muon', args: {} };
  if (read.flag('use_apollo') === true)
    return tensor && rank === 1
      ? { name: 'apollo-mini', args: more }
      : { name: 'apollo', args: { ...stated({ rank }), ...more } };
  return read.flag('use_galore') === true ? { name: 'galore', args } : optimizer;
}

function readTrain(read: SettingsReader): Setup['slots']['train'] {
  const type = read.text('finetuning_type') ?? 'lora';
  const args = stated({
    // The trainer's own defaults, where the file leaves them out.
    rank: read.count('lora_rank') ?? 8,
    targets: targetsOf(read, read.words('lora_target') ?? ['all']),
    alpha: read.number('lora_alpha'),
    dropout: read.number('lora_dropout'),
  });
  const name = read.flag('use_dora') === true ? 'dora' : 'lora';
  if (type === 'lora') return { name, args };
  if (type !== 'full') read.notes.push(`finetuning_type ${type} is not known; the plan trains everything`);
  return undefined;
}

function readWeights(read: SettingsReader): Setup['slots']['weights'] {
  const bits = read.count('quantization_bit');
  const nested = read.flag('double_quantization') ?? true;
  read.raw('quantization_method', 'quantization_type');
  read.raw('quantization_type');
  if (bits === undefined) return undefined;
  if (bits === 4) return { name: 'nf4', args: nested ? { 'double-quant': true } : {} };
  if (bits === 8) return { name: 'int8', args: {} };
  read.notes.push(`quantization_bit ${bits} is not known; the plan's weights are not quantized`);
  return undefined;
}

export const llamaFactory: Trainer = {
  name: 'llama-factory',
  title: TITLE,
  format: 'yaml',
  usage: 'llamafactory-cli train FILE',
  export: (setup) => {
    const { settings, notes } = writeSlots(TITLE, setup, writers);
    const head = {
      model_name_or_path: setup.model,
      stage: 'sft',
      do_train: true,
      cutoff_len: setup.sequence,
      per_device_train_batch_size: setup.batch,
      gradient_accumulation_steps: setup.accumulate,
    };
    return { settings: { ...head, ...settings }, notes };
  },
  detect: (settings) => 'model_name_or_path' in settings && ('stage' in settings || 'finetuning_type' in settings),
  import: (read): Setup => {
    read.raw('stage', 'do_train');
    read.raw('do_train');
    const train = readTrain(read);
    const pure = read.flag('pure_bf16');
    const bf16 = read.flag('bf16');
    const fp16 = read.flag('fp16');
    // Adapters leave the base in bf16; a full fine-tune raises it to float32 unless it is pure.
    const name = pure || (bf16 && train !== undefined) ? 'bf16' : bf16 ? 'amp-bf16' : fp16 ? 'amp-fp16' : 'fp32';
    const kernel = read.text('flash_attn');
    const attention = Object.keys(ATTENTION).find((ours) => ATTENTION[ours] === kernel);
    return {
      ...stated({
        model: read.text('model_name_or_path'),
        batch: read.count('per_device_train_batch_size'),
        accumulate: read.count('gradient_accumulation_steps'),
        sequence: read.count('cutoff_len') ?? 2048,
      }),
      slots: defined({
        precision: { name, args: {} },
        weights: readWeights(read),
        train,
        optimizer: readOptimizers(read),
        backward: read.flag('disable_gradient_checkpointing') === true ? undefined : { name: 'checkpoint', args: {} },
        attention: attention === undefined ? undefined : { name: attention, args: {} },
        loss: read.flag('enable_liger_kernel') === true ? { name: 'chunked', args: {} } : undefined,
      }),
    };
  },
};
