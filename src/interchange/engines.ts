/**
 * DeepSpeed (https://www.deepspeed.ai/docs/config-json) and Accelerate (https://huggingface.co/docs/accelerate): engines under a
 * trainer. Their files know the batch, the precision and the sharding; model, length and adapters stay with the trainer.
 */
import type { Use, Value } from '../plan/types';
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

/** Cards of a configuration that leaves their number to its launcher. */
const USUAL_CARDS = 8;

/** How many cards, where the file says that there are several. */
function cardsOf(read: SettingsReader, stated: number | undefined): number {
  if (stated === undefined)
    read.notes.push(`the configuration does not say on how many cards: the plan has ${USUAL_CARDS}, put yours there`);
  return stated ?? USUAL_CARDS;
}

/** ZeRO, and what leaves the cards: with the optimizer's states their gradients, as DeepSpeed does it. */
function readZero(
  read: SettingsReader,
  zero: {
    stage: number;
    cards: number | undefined;
    optimizer?: string | undefined;
    weights?: string | undefined;
    buckets?: { [name: string]: Value | undefined };
  },
): NonNullable<Setup['lists']> {
  const { stage, cards, optimizer, weights, buckets = {} } = zero;
  const there = (device: string | undefined): device is string => device === 'cpu' || device === 'nvme';
  const away = (name: string, to: string): Use => ({ name, args: to === 'cpu' ? {} : { to } });
  if (![1, 2, 3].includes(stage)) return {};
  const offload = [
    ...(there(optimizer) ? [away('optimizer', optimizer), away('gradients', 'cpu')] : []),
    ...(there(weights) && stage === 3 ? [away('weights', weights)] : []),
  ];
  const use: Use = { name: 'zero', args: { stage, n: cardsOf(read, cards), ...stated(buckets) } };
  return { parallel: [use], ...(offload.length > 0 ? { offload } : {}) };
}

export const deepspeed: Trainer = {
  name: 'deepspeed',
  title: DEEPSPEED,
  format: 'json',
  usage: 'deepspeed --deepspeed_config FILE',
  export: (setup) => {
    const zero = zeroOf(setup);
    const { settings, notes } = writeSlots(DEEPSPEED, setup, deepspeedWriters, ({ name }) =>
      ['data', 'zero', 'optimizer', 'gradients', 'weights'].includes(name),
    );
    const head = { train_micro_batch_size_per_gpu: setup.batch, gradient_accumulation_steps: setup.accumulate };
    return { settings: { ...head, ...settings, zero_optimization: zero }, notes: [note(setup, DEEPSPEED), ...notes] };
  },
  detect: (settings) => 'zero_optimization' in settings || 'train_micro_batch_size_per_gpu' in settings,
  import: (read): Setup => {
    const zero = read.part('zero_optimization');
    const offloaded = zero.part('offload_optimizer');
    const weights = zero.part('offload_param');
    const lists = readZero(read, {
      stage: zero.number('stage') ?? 0,
      cards: undefined,
      optimizer: offloaded.text('device'),
      weights: weights.text('device'),
      buckets: {
        'reduce-bucket': zero.count('reduce_bucket_size'),
        'prefetch-bucket': zero.count('stage3_prefetch_bucket_size'),
        'overlap-comm': zero.flag('overlap_comm'),
      },
    });
    read.notes.push(...zero.notes, ...offloaded.notes, ...weights.notes);
    return {
      ...stated({ batch: read.count('train_micro_batch_size_per_gpu'), accumulate: read.count('gradient_accumulation_steps') }),
      slots: defined({ precision: readDeepspeedPrecision(read), optimizer: readDeepspeedOptimizer(read) }),
      lists,
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

/** What Accelerate launches on several cards, and the techniques that say it. */
function launched({ lists }: Required<Setup>): { settings: Settings; cards: number; writes: readonly string[] } {
  const [use, ...others] = lists.parallel ?? [];
  const away = (name: string) => lists.offload?.find((one) => one.name === name)?.args.to;
  if (!use || others.length > 0) return { settings: {}, cards: 1, writes: [] };
  const cards = Number(use.args.n);
  switch (use.name) {
    case 'data':
      return { settings: { distributed_type: 'MULTI_GPU' }, cards, writes: ['data'] };
    case 'zero': {
      const config = {
        zero_stage: use.args.stage,
        offload_optimizer_device: away('optimizer') ?? 'none',
        offload_param_device: away('weights') ?? 'none',
      };
      const settings = { distributed_type: 'DEEPSPEED', deepspeed_config: config };
      return { settings, cards, writes: ['zero', 'optimizer', 'gradients', 'weights'] };
    }
    case 'fsdp': {
      const { version, reshard } = use.args;
      // It takes everything with it or nothing.
      const whole = ['optimizer', 'gradients', 'weights'];
      const offloads = whole.every((name) => away(name) === 'cpu');
      const config = {
        fsdp_version: version,
        ...(version === 2
          ? { fsdp_reshard_after_forward: reshard }
          : { fsdp_sharding_strategy: reshard === true ? 'FULL_SHARD' : 'SHARD_GRAD_OP' }),
        fsdp_auto_wrap_policy: 'TRANSFORMER_BASED_WRAP',
        fsdp_offload_params: offloads,
      };
      return { settings: { distributed_type: 'FSDP', fsdp_config: config }, cards, writes: ['fsdp', ...(offloads ? whole : [])] };
    }
    default:
      return { settings: {}, cards: 1, writes: [] };
  }
}

/** The same, from a file. */
function readLaunched(
  read: SettingsReader,
  kind: string,
  cards: number | undefined,
): { lists: NonNullable<Setup['lists']>; backward?: Use } {
  const spread = (name: string, args: Use['args']): Use[] => [{ name, args: { n: cardsOf(read, cards), ...args } }];
  if (kind === 'NO' || kind === 'no') return { lists: {} };
  if (kind === 'MULTI_GPU') return { lists: { parallel: spread('data', {}) } };
  if (kind === 'DEEPSPEED') {
    const config = read.part('deepspeed_config');
    const lists = readZero(read, {
      stage: config.number('zero_stage') ?? 0,
      cards,
      optimizer: config.text('offload_optimizer_device'),
      weights: config.text('offload_param_device'),
    });
    read.notes.push(...config.notes);
    return { lists };
  }
  if (kind !== 'FSDP') {
    read.notes.push(`distributed_type ${kind} uses several cards; the plan is of one`);
    return { lists: {} };
  }
  const config = read.part('fsdp_config');
  const version = config.count('fsdp_version') ?? 1;
  const strategy = String(config.raw('fsdp_sharding_strategy') ?? 'FULL_SHARD').toUpperCase();
  const cut = config.raw('fsdp_reshard_after_forward');
  // In the first version the word for a strategy may stand under either key.
  const reshard =
    cut === false || [strategy, String(cut)].some((word) => /SHARD_GRAD_OP|^2$/.test(word)) ? { reshard: false } : {};
  const offload = config.flag('fsdp_offload_params') === true ? ['optimizer', 'gradients', 'weights'] : [];
  const checkpoints = config.flag('fsdp_activation_checkpointing') === true;
  if (/HYBRID|NO_SHARD/.test(strategy))
    read.notes.push(`${strategy} shards over fewer cards than it has, or over none; the plan over all`);
  read.notes.push(...config.notes);
  const lists = {
    parallel: spread('fsdp', { ...(version === 1 ? { version } : {}), ...reshard }),
    offload: offload.map((name): Use => ({ name, args: {} })),
  };
  return { lists, ...(checkpoints ? { backward: { name: 'checkpoint', args: {} } } : {}) };
}

export const accelerate: Trainer = {
  name: 'accelerate',
  title: ACCELERATE,
  format: 'yaml',
  usage: 'accelerate launch --config_file FILE train.py',
  export: (setup) => {
    const { settings, notes } = writeSlots(
      ACCELERATE,
      setup,
      {
        precision: (use) =>
          MIXED[use.name] === undefined ? missing(ACCELERATE, 'precision', use) : { mixed_precision: MIXED[use.name] },
        attention: () => ({}),
      },
      (use) => launched(setup).writes.includes(use.name),
    );
    const pure = ['bf16', 'fp16'].includes(setup.slots.precision?.name ?? '');
    const half = pure
      ? [`pure ${setup.slots.precision?.name} is the model's own type: load it so, with no mixed precision on top`]
      : [];
    const batch = `${ACCELERATE} leaves the batch (${setup.batch}, accumulated ${setup.accumulate} times) to the script`;
    const several = launched(setup);
    const head = {
      compute_environment: 'LOCAL_MACHINE',
      distributed_type: 'NO',
      ...several.settings,
      ...settings,
      num_machines: 1,
      num_processes: several.cards,
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
    const cards = read.count('num_processes');
    const { lists, backward } = readLaunched(read, kind, cards);
    for (const key of ['compute_environment', 'num_machines', 'machine_rank', 'main_training_function', 'use_cpu']) read.raw(key);
    const name = mixed === 'bf16' ? 'amp-bf16' : mixed === 'fp16' ? 'amp-fp16' : undefined;
    return { slots: defined({ precision: name === undefined ? undefined : { name, args: {} }, backward }), lists };
  },
};
