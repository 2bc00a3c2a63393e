/**
 * DeepSpeed (https://www.deepspeed.ai/docs/config-json) and Accelerate (https://huggingface.co/docs/accelerate): engines under a
 * trainer. Their files know the batch, the precision and the sharding; model, length and adapters stay with the trainer.
 */
import type { Use } from '../plan/types';
import { stated } from './hugging-face';
import type { SettingsReader } from './reader';
import { defined, missing, type Settings, type Setup, type Writers, writeSlots } from './setup';
import type { Trainer } from './trainer';

const DEEPSPEED = 'DeepSpeed';

const deepspeedWriters: Writers = {
  precision: (use) => {
    switch (use.name) {
      case 'bf16':
        return { bf16: { enabled: true, bf16_master_weights_and_grads: true, bf16_optimizer_states: false } };
      case 'amp-bf16':
        return { torch_autocast: { enabled: true, dtype: 'bfloat16' } };
      case 'amp-fp16':
        return { torch_autocast: { enabled: true, dtype: 'float16' } };
      case 'fp32':
        return {};
      default:
        return missing(DEEPSPEED, 'precision', use);
    }
  },
  optimizer: (use) => {
    if (use.name === 'adamw') return { optimizer: { type: 'AdamW', params: { torch_adam: true } } };
    if (use.name === 'sgd') return { optimizer: { type: 'SGD', params: { momentum: use.args.momentum } } };
    return missing(DEEPSPEED, 'optimizer', use);
  },
  backward: (use) =>
    use.name === 'standard'
      ? {}
      : `${DEEPSPEED} leaves \`${use.name}\` to the model: switch it on there (gradient_checkpointing_enable in transformers)`,
  attention: () => ({}),
};

/** ZeRO's stage, and what it moves off the card; buckets only where they are not DeepSpeed's own. */
function zeroOf({ lists }: Required<Setup>): Settings {
  const zero = lists.parallel?.find((use) => use.name === 'zero');
  const target = (name: string) => {
    const to = lists.offload?.find((use) => use.name === name)?.args.to;
    return to === undefined ? undefined : { device: to };
  };
  const { stage = 0, 'reduce-bucket': reduce, 'prefetch-bucket': prefetch, 'overlap-comm': overlap } = zero?.args ?? {};
  const settings = {
    stage,
    reduce_bucket_size: reduce === 5e8 ? undefined : reduce,
    stage3_prefetch_bucket_size: prefetch === 5e7 ? undefined : prefetch,
    overlap_comm: overlap === true ? true : undefined,
    offload_optimizer: target('optimizer'),
    offload_param: target('weights'),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

const note = (setup: Required<Setup>, title: string): string =>
  `${title} leaves the model (${setup.model}) and the sequence (${setup.sequence} tokens) to the trainer`;

function readDeepspeedPrecision(read: SettingsReader): Use {
  const bf16 = read.part('bf16');
  const fp16 = read.part('fp16');
  const autocast = read.part('torch_autocast');
  const name = ((): string => {
    if (autocast.flag('enabled') === true) return autocast.text('dtype') === 'float16' ? 'amp-fp16' : 'amp-bf16';
    if (bf16.flag('enabled') === true) return bf16.flag('bf16_master_weights_and_grads') === true ? 'bf16' : 'amp-bf16';
    // DeepSpeed computes in float32 unless it is told otherwise.
    return fp16.flag('enabled') === true ? 'amp-fp16' : 'fp32';
  })();
  for (const part of [bf16, fp16, autocast]) read.notes.push(...part.notes);
  return { name, args: {} };
}

function readDeepspeedOptimizer(read: SettingsReader): Use | undefined {
  const optimizer = read.part('optimizer');
  const type = optimizer.text('type')?.toLowerCase();
  const params = optimizer.part('params');
  const momentum = params.number('momentum');
  read.notes.push(...optimizer.notes, ...params.notes);
  if (type === undefined) return undefined;
  if (type === 'adam' || type === 'adamw') return { name: 'adamw', args: {} };
  if (type === 'sgd') return { name: 'sgd', args: stated({ momentum }) };
  read.notes.push(`the optimizer ${type} is not known; the plan has the default`);
  return undefined;
}

export const deepspeed: Trainer = {
  name: 'deepspeed',
  title: DEEPSPEED,
  format: 'json',
  usage: 'deepspeed --deepspeed_config FILE',
  export: (setup) => {
    const zero = zeroOf(setup);
    const { settings, notes } = writeSlots(DEEPSPEED, setup, deepspeedWriters, ({ name }) =>
      ['data', 'zero', 'optimizer', 'weights'].includes(name),
    );
    const head = { train_micro_batch_size_per_gpu: setup.batch, gradient_accumulation_steps: setup.accumulate };
    return { settings: { ...head, ...settings, zero_optimization: zero }, notes: [note(setup, DEEPSPEED), ...notes] };
  },
  detect: (settings) => 'zero_optimization' in settings || 'train_micro_batch_size_per_gpu' in settings,
  import: (read): Setup => {
    const zero = read.part('zero_optimization');
    const stage = zero.number('stage') ?? 0;
    if (stage > 0) read.notes.push(`ZeRO stage ${stage} shards over several cards; the plan is of one`);
    if (zero.has('offload_optimizer') || zero.has('offload_param'))
      read.notes.push('what is offloaded to the host is counted on the card');
    return {
      ...stated({ batch: read.count('train_micro_batch_size_per_gpu'), accumulate: read.count('gradient_accumulation_steps') }),
      slots: defined({ precision: readDeepspeedPrecision(read), optimizer: readDeepspeedOptimizer(read) }),
    };
  },
};

const ACCELERATE = 'Accelerate';
const MIXED: { readonly [precision: string]: string } = {
  'amp-bf16': 'bf16',
  'amp-fp16': 'fp16',
  bf16: 'no',
  fp16: 'no',
  fp32: 'no',
};

export const accelerate: Trainer = {
  name: 'accelerate',
  title: ACCELERATE,
  format: 'yaml',
  usage: 'accelerate launch --config_file FILE train.py',
  export: (setup) => {
    const { settings, notes } = writeSlots(ACCELERATE, setup, {
      precision: (use) =>
        MIXED[use.name] === undefined ? missing(ACCELERATE, 'precision', use) : { mixed_precision: MIXED[use.name] },
      attention: () => ({}),
    });
    const pure = ['bf16', 'fp16'].includes(setup.slots.precision?.name ?? '');
    const half = pure
      ? [`pure ${setup.slots.precision?.name} is the model's own type: load it so, with no mixed precision on top`]
      : [];
    const batch = `${ACCELERATE} leaves the batch (${setup.batch}, accumulated ${setup.accumulate} times) to the script`;
    const head = {
      compute_environment: 'LOCAL_MACHINE',
      distributed_type: 'NO',
      ...settings,
      num_machines: 1,
      num_processes: 1,
      machine_rank: 0,
      main_training_function: 'main',
      use_cpu: false,
    };
    return { settings: head, notes: [note(setup, ACCELERATE), batch, ...half, ...notes] };
  },
  detect: (settings) => 'compute_environment' in settings || 'distributed_type' in settings,
  import: (read): Setup => {
    const mixed = read.text('mixed_precision');
    const kind = read.text('distributed_type') ?? 'NO';
    if (kind !== 'NO' && kind !== 'no') read.notes.push(`distributed_type ${kind} uses several cards; the plan is of one`);
    for (const key of [
      'compute_environment',
      'num_machines',
      'num_processes',
      'machine_rank',
      'main_training_function',
      'use_cpu',
    ])
      read.raw(key);
    const name = mixed === 'bf16' ? 'amp-bf16' : mixed === 'fp16' ? 'amp-fp16' : undefined;
    return { slots: defined({ precision: name === undefined ? undefined : { name, args: {} } }) };
  },
};
