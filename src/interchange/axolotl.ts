/** Axolotl: https://docs.axolotl.ai/docs/config-reference.html */
import { familyModules, modulesOf, optimizerSettings, readAttention, readOptimizer, stated, targetsOf } from './hugging-face';
import type { SettingsReader } from './reader';
import { checkpointsEveryLayer, defined, missing, type Setup, type Writers, writeSlots } from './setup';
import type { Trainer } from './trainer';

const TITLE = 'Axolotl';
const LIGER = 'axolotl.integrations.liger.LigerPlugin';
const CUT = 'axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin';

/** The model is loaded in bf16 with either word; `bf16` adds autocast, which then has nothing to cast. */
const PRECISIONS: { readonly [precision: string]: { bf16: boolean; fp16: boolean } } = {
  bf16: { bf16: true, fp16: false },
  'amp-fp16': { bf16: false, fp16: true },
  fp32: { bf16: false, fp16: false },
};

const ATTENTION_FLAGS: { readonly [kernel: string]: string } = {
  flash: 'flash_attention',
  sdpa: 'sdp_attention',
  eager: 'eager_attention',
};

const writers: Writers = {
  precision: (use) => PRECISIONS[use.name] ?? missing(TITLE, 'precision', use),
  weights: (use) => {
    if (use.name === 'int8') return { load_in_8bit: true };
    if (use.name !== 'nf4') return missing(TITLE, 'weights', use);
    return {
      load_in_4bit: true,
      bnb_config_kwargs: { bnb_4bit_quant_type: 'nf4', bnb_4bit_use_double_quant: use.args['double-quant'] === true },
    };
  },
  train: (use, { family, slots }) => {
    if (use.name === 'full') return {};
    if (use.name !== 'lora' && use.name !== 'dora') return missing(TITLE, 'train', use);
    const { rank, alpha, dropout, targets } = use.args;
    return {
      adapter: slots.weights?.name === 'nf4' ? 'qlora' : 'lora',
      ...(use.name === 'dora' ? { peft_use_dora: true } : {}),
      lora_r: rank,
      lora_alpha: alpha,
      lora_dropout: dropout,
      lora_target_modules: modulesOf(targets, familyModules(family)),
    };
  },
  optimizer: (use) => {
    const found = optimizerSettings(use);
    if (found === undefined) return missing(TITLE, 'optimizer', use);
    const { optim, ...rest } = found;
    return { optimizer: optim, ...rest };
  },
  backward: (use) => {
    if (use.name === 'standard') return { gradient_checkpointing: false };
    return checkpointsEveryLayer(use) ? { gradient_checkpointing: true } : missing(TITLE, 'backward', use);
  },
  attention: (use) => {
    const key = ATTENTION_FLAGS[use.name];
    return key === undefined ? missing(TITLE, 'attention', use) : { [key]: true };
  },
  loss: (use) => {
    if (use.name === 'cross-entropy') return {};
    if (use.name === 'cut-cross-entropy') return { plugins: [CUT], cut_cross_entropy: true };
    if (use.name === 'chunked') return { plugins: [LIGER], liger_fused_linear_cross_entropy: true };
    return missing(TITLE, 'loss', use);
  },
};

function readWeights(read: SettingsReader): Setup['slots']['weights'] {
  const kwargs = read.part('bnb_config_kwargs');
  kwargs.raw('bnb_4bit_quant_type');
  // Axolotl quantizes the scales too unless it is told not to.
  const nested = kwargs.flag('bnb_4bit_use_double_quant') ?? true;
  read.notes.push(...kwargs.notes);
  if (read.flag('load_in_8bit') === true) return { name: 'int8', args: {} };
  return read.flag('load_in_4bit') === true ? { name: 'nf4', args: nested ? { 'double-quant': true } : {} } : undefined;
}

function readTrain(read: SettingsReader): Setup['slots']['train'] {
  const adapter = read.text('adapter');
  const all = read.flag('lora_target_linear') === true ? ['all'] : undefined;
  const args = stated({
    rank: read.count('lora_r'),
    targets: targetsOf(read, read.words('lora_target_modules') ?? all),
    alpha: read.number('lora_alpha'),
    dropout: read.number('lora_dropout'),
  });
  const name = read.flag('peft_use_dora') === true ? 'dora' : 'lora';
  if (adapter === 'lora' || adapter === 'qlora') return { name, args };
  if (adapter !== undefined) read.notes.push(`the adapter ${adapter} is not known; the plan trains everything`);
  return undefined;
}

function readAttentionOf(read: SettingsReader): Setup['slots']['attention'] {
  const flagged = Object.entries(ATTENTION_FLAGS).filter(([, key]) => read.flag(key) === true);
  const named = readAttention(read, read.text('attn_implementation'));
  return named ?? (flagged[0] === undefined ? undefined : { name: flagged[0][0], args: {} });
}

export const axolotl: Trainer = {
  name: 'axolotl',
  title: TITLE,
  format: 'yaml',
  usage: 'axolotl train FILE',
  export: (setup) => {
    const { settings, notes } = writeSlots(TITLE, setup, writers);
    const head = {
      base_model: setup.model,
      sequence_len: setup.sequence,
      micro_batch_size: setup.batch,
      gradient_accumulation_steps: setup.accumulate,
    };
    return { settings: { ...head, ...settings }, notes };
  },
  detect: (settings) => 'base_model' in settings,
  import: (read): Setup => {
    const bf16 = read.raw('bf16', 'bfloat16');
    const fp16 = read.flag('fp16', 'float16');
    const cut = read.flag('cut_cross_entropy');
    const fused = read.flag('liger_fused_linear_cross_entropy');
    read.raw('plugins');
    const half = bf16 === true || bf16 === 'full';
    return {
      ...stated({
        model: read.text('base_model'),
        batch: read.count('micro_batch_size'),
        accumulate: read.count('gradient_accumulation_steps'),
        sequence: read.count('sequence_len'),
      }),
      slots: defined({
        precision: half
          ? { name: 'bf16', args: {} }
          : fp16
            ? { name: 'amp-fp16', args: {} }
            : bf16 === false
              ? { name: 'fp32', args: {} }
              : undefined,
        weights: readWeights(read),
        train: readTrain(read),
        optimizer: readOptimizer(read),
        backward: read.raw('gradient_checkpointing') ? { name: 'checkpoint', args: {} } : undefined,
        attention: readAttentionOf(read),
        loss: cut ? { name: 'cut-cross-entropy', args: {} } : fused ? { name: 'chunked', args: {} } : undefined,
      }),
    };
  },
};
