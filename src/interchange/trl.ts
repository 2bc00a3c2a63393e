/** TRL's SFTTrainer: https://huggingface.co/docs/trl/sft_trainer, on `TrainingArguments` and PEFT. */
import type { Use } from '../plan/types';
import {
  ATTENTION,
  familyModules,
  modulesOf,
  optimizerSettings,
  readAttention,
  readOptimizer,
  stated,
  targetsOf,
} from './hugging-face';
import type { SettingsReader } from './reader';
import { checkpointsEveryLayer, defined, missing, type Setup, type Writers, writeSlots } from './setup';
import type { Trainer } from './trainer';

const TITLE = 'TRL';

const DTYPES: { readonly [precision: string]: { dtype: string; bf16: boolean; fp16: boolean } } = {
  bf16: { dtype: 'bfloat16', bf16: true, fp16: false },
  fp16: { dtype: 'float16', bf16: false, fp16: false },
  fp32: { dtype: 'float32', bf16: false, fp16: false },
  'amp-bf16': { dtype: 'float32', bf16: true, fp16: false },
  'amp-fp16': { dtype: 'float32', bf16: false, fp16: true },
};

const writers: Writers = {
  precision: (use) => DTYPES[use.name] ?? missing(TITLE, 'precision', use),
  weights: (use) => {
    if (use.name === 'nf4')
      return { load_in_4bit: true, bnb_4bit_quant_type: 'nf4', use_bnb_nested_quant: use.args['double-quant'] === true };
    return use.name === 'int8' ? { load_in_8bit: true } : missing(TITLE, 'weights', use);
  },
  train: (use, { family }) => {
    if (use.name === 'full') return {};
    if (use.name !== 'lora' && use.name !== 'dora') return missing(TITLE, 'train', use);
    const { rank, alpha, dropout, targets } = use.args;
    return {
      use_peft: true,
      ...(use.name === 'dora' ? { use_dora: true } : {}),
      lora_r: rank,
      lora_alpha: alpha,
      lora_dropout: dropout,
      lora_target_modules: modulesOf(targets, familyModules(family)),
    };
  },
  optimizer: (use) => optimizerSettings(use) ?? missing(TITLE, 'optimizer', use),
  backward: (use) => {
    if (use.name === 'standard') return { gradient_checkpointing: false };
    return checkpointsEveryLayer(use) ? { gradient_checkpointing: true } : missing(TITLE, 'backward', use);
  },
  attention: (use) =>
    ATTENTION[use.name] === undefined ? missing(TITLE, 'attention', use) : { attn_implementation: ATTENTION[use.name] },
  loss: (use) =>
    use.name === 'cross-entropy' ? {} : use.name === 'chunked' ? { use_liger_kernel: true } : missing(TITLE, 'loss', use),
};

/** `dtype` decides the weights, `bf16` and `fp16` the autocast. */
function readPrecision(read: SettingsReader): Use | undefined {
  const dtype = read.text('dtype', 'torch_dtype', 'model_init_kwargs.dtype');
  const bf16 = read.flag('bf16');
  const fp16 = read.flag('fp16');
  const half = dtype === 'bfloat16' || dtype === 'float16';
  const name = fp16 ? 'amp-fp16' : half ? (dtype === 'float16' ? 'fp16' : 'bf16') : bf16 ? 'amp-bf16' : 'fp32';
  return dtype === undefined && bf16 === undefined && fp16 === undefined ? undefined : { name, args: {} };
}

function readWeights(read: SettingsReader): Use | undefined {
  const nested = read.flag('use_bnb_nested_quant');
  read.raw('bnb_4bit_quant_type');
  if (read.flag('load_in_8bit') === true) return { name: 'int8', args: {} };
  return read.flag('load_in_4bit') === true
    ? { name: 'nf4', args: stated({ 'double-quant': nested === true ? true : undefined }) }
    : undefined;
}

function readTrain(read: SettingsReader): Use | undefined {
  const rank = read.count('lora_r');
  const alpha = read.number('lora_alpha');
  const dropout = read.number('lora_dropout');
  const targets = targetsOf(read, read.words('lora_target_modules'));
  const name = read.flag('use_dora') === true ? 'dora' : 'lora';
  return read.flag('use_peft') === true ? { name, args: stated({ rank, targets, alpha, dropout }) } : undefined;
}

export const trl: Trainer = {
  name: 'trl',
  title: TITLE,
  format: 'yaml',
  usage: 'trl sft --config FILE',
  export: (setup) => {
    const { settings, notes } = writeSlots(TITLE, setup, writers);
    const head = {
      model_name_or_path: setup.model,
      per_device_train_batch_size: setup.batch,
      gradient_accumulation_steps: setup.accumulate,
      max_length: setup.sequence,
    };
    return { settings: { ...head, ...settings }, notes };
  },
  detect: (settings) => 'model_name_or_path' in settings && !('stage' in settings) && !('finetuning_type' in settings),
  import: (read): Setup => {
    const checkpointed = read.flag('gradient_checkpointing');
    const liger = read.flag('use_liger_kernel');
    const slots = {
      precision: readPrecision(read),
      weights: readWeights(read),
      train: readTrain(read),
      optimizer: readOptimizer(read),
      // The trainer's own default is to recompute.
      backward: checkpointed === false ? undefined : { name: 'checkpoint', args: {} },
      attention: readAttention(read, read.text('attn_implementation')),
      loss: liger === true ? { name: 'chunked', args: {} } : undefined,
    };
    return {
      ...stated({
        model: read.text('model_name_or_path'),
        batch: read.count('per_device_train_batch_size'),
        accumulate: read.count('gradient_accumulation_steps'),
        sequence: read.count('max_length', 'max_seq_length'),
      }),
      slots: defined(slots),
    };
  },
};
