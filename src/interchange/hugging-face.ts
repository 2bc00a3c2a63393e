/** What trainers on top of Hugging Face's share: names of optimizers, attention kernels and modules. */
import type { Family, Use, Value } from '../plan/types';
import type { SettingsReader } from './reader';
import type { Settings } from './setup';

const argsOf = (text: string): Map<string, string> =>
  new Map(
    text.split(',').flatMap((part): [string, string][] => {
      const [name = '', value = ''] = part.split('=').map((side) => side.trim());
      return name === '' ? [] : [[name, value]];
    }),
  );

/** `optim` and its companions in `TrainingArguments`; undefined where there is none. */
export function optimizerSettings({ name, args }: Use): Settings | undefined {
  switch (name) {
    case 'adamw':
      if (args.master === true || args.states !== 'fp32') return undefined;
      return { optim: args.fused === true ? 'adamw_torch_fused' : 'adamw_torch' };
    case 'adamw8bit':
      return { optim: args.paged === true ? 'paged_adamw_8bit' : 'adamw_bnb_8bit' };
    case 'sgd':
      return args.momentum === 0 ? { optim: 'sgd' } : { optim: 'sgd', optim_args: `momentum=${args.momentum}` };
    case 'galore': {
      const inner = typeof args.inner === 'object' && !Array.isArray(args.inner) ? args.inner.name : String(args.inner);
      const base = { adamw: 'galore_adamw', adamw8bit: 'galore_adamw_8bit' }[inner];
      if (base === undefined) return undefined;
      return {
        optim: args.layerwise === true ? `${base}_layerwise` : base,
        optim_target_modules: ['self_attn', 'mlp'],
        optim_args: `rank=${args.rank}, update_proj_gap=${args.every}, scale=${args.scale}`,
      };
    }
    case 'apollo':
      return apollo(args, `rank=${args.rank}, scale_type=channel`);
    case 'apollo-mini':
      return apollo(args, 'rank=1, scale_type=tensor');
    case 'adafactor':
      return args.momentum === true ? undefined : { optim: 'adafactor' };
    case 'lion':
      return { optim: 'lion_32bit' };
    case 'lomo':
    case 'adalomo':
      return { optim: name };
    default:
      return undefined;
  }
}

const apollo = ({ every, scale }: Use['args'], args: string): Settings => ({
  optim: 'apollo_adamw',
  optim_target_modules: ['self_attn', 'mlp'],
  optim_args: `${args}, scale=${scale}, proj=random, update_proj_gap=${every}`,
});

/** The Trainer has bitsandbytes keep 32-bit states of embedding tables. */
const WIDE = { 'wide-embeddings': true };

const PLAIN_OPTIMIZERS: { readonly [optim: string]: Use } = {
  adamw_torch: { name: 'adamw', args: {} },
  adamw_hf: { name: 'adamw', args: {} },
  adamw_torch_fused: { name: 'adamw', args: { fused: true } },
  adamw_bnb_8bit: { name: 'adamw8bit', args: WIDE },
  adamw_8bit: { name: 'adamw8bit', args: WIDE },
  paged_adamw_8bit: { name: 'adamw8bit', args: { paged: true, ...WIDE } },
  sgd: { name: 'sgd', args: {} },
  adafactor: { name: 'adafactor', args: {} },
  lion_32bit: { name: 'lion', args: {} },
  lomo: { name: 'lomo', args: {} },
  adalomo: { name: 'adalomo', args: {} },
};

/** The optimizer that the settings name; a note where it is one that is not known. */
export function readOptimizer(read: SettingsReader): Use | undefined {
  const optim = read.text('optim', 'optimizer');
  const args = argsOf(read.text('optim_args') ?? '');
  read.raw('optim_target_modules');
  if (optim === undefined) return undefined;
  const plain = PLAIN_OPTIMIZERS[optim];
  if (Object.hasOwn(PLAIN_OPTIMIZERS, optim) && plain !== undefined) {
    const momentum = Number(args.get('momentum') ?? 0);
    return optim === 'sgd' && momentum > 0 ? { name: 'sgd', args: { momentum } } : plain;
  }
  if (optim === 'apollo_adamw') {
    const rank = Number(args.get('rank') ?? 256);
    const [every, scale] = [Number(args.get('update_proj_gap') ?? 200), Number(args.get('scale') ?? 1)];
    const more = { ...(every >= 1 ? { every } : {}), ...(scale >= 0 ? { scale } : {}) };
    return args.get('scale_type') === 'tensor' && rank === 1
      ? { name: 'apollo-mini', args: more }
      : { name: 'apollo', args: { rank, ...more } };
  }
  const galore = /^galore_adamw(_8bit)?(_layerwise)?$/.exec(optim);
  if (galore === null) {
    read.notes.push(`the optimizer ${optim} is not known; the plan has the default`);
    return undefined;
  }
  const stated: { [name: string]: Value } = {};
  for (const [ours, theirs] of [
    ['rank', 'rank'],
    ['every', 'update_proj_gap'],
    ['scale', 'scale'],
  ] as const) {
    const value = Number(args.get(theirs));
    if (args.has(theirs) && Number.isFinite(value)) stated[ours] = value;
  }
  if (galore[1] !== undefined) stated.inner = { name: 'adamw8bit', args: {} };
  if (galore[2] !== undefined) stated.layerwise = true;
  return { name: 'galore', args: stated };
}

/** `attn_implementation`. */
export const ATTENTION: { readonly [kernel: string]: string } = { flash: 'flash_attention_2', sdpa: 'sdpa', eager: 'eager' };

export function readAttention(read: SettingsReader, value: string | undefined): Use | undefined {
  if (value === undefined) return undefined;
  const known = Object.entries(ATTENTION).find(([, theirs]) => theirs === value)?.[0];
  const kernel = known ?? (/flash/.test(value) ? 'flash' : undefined);
  if (kernel === undefined) read.notes.push(`the attention ${value} is not known; the plan has the default`);
  return kernel === undefined ? undefined : { name: kernel, args: {} };
}

/** Modules of a layer by the names that each family's code gives them, with the targets of LoRA that they hold. */
type Modules = { readonly [module: string]: readonly string[] };
const SPLIT: Modules = {
  q_proj: ['q'],
  k_proj: ['k'],
  v_proj: ['v'],
  o_proj: ['o'],
  gate_proj: ['gate'],
  up_proj: ['up'],
  down_proj: ['down'],
};
const NEOX: Modules = { query_key_value: ['q', 'k', 'v'], dense: ['o'], dense_h_to_4h: ['up'], dense_4h_to_h: ['down'] };
const FAMILY_MODULES: { readonly [family in Family]?: Modules } = {
  phi3: { qkv_proj: ['q', 'k', 'v'], o_proj: ['o'], gate_up_proj: ['gate', 'up'], down_proj: ['down'] },
  gpt2: { c_attn: ['q', 'k', 'v'], c_proj: ['o', 'down'], c_fc: ['up'] },
  gpt_neox: NEOX,
  falcon: NEOX,
  bloom: NEOX,
  opt: { q_proj: ['q'], k_proj: ['k'], v_proj: ['v'], out_proj: ['o'], fc1: ['up'], fc2: ['down'] },
};
/** Of the trainers that have their own models. */
export const TORCHTUNE: Modules = {
  q_proj: ['q'],
  k_proj: ['k'],
  v_proj: ['v'],
  output_proj: ['o'],
  w1: ['gate'],
  w3: ['up'],
  w2: ['down'],
};
const ALL_MODULES: Modules = Object.assign({}, ...Object.values(FAMILY_MODULES), TORCHTUNE, SPLIT) as Modules;
const ALL_TARGETS = Object.values(SPLIT).flat();

/** Modules that carry adapters for these targets. */
export const modulesOf = (targets: Value | undefined, modules: Modules): string[] => {
  const wanted = Array.isArray(targets) ? targets.map(String) : [];
  return Object.keys(modules).filter((module) => modules[module]?.some((target) => wanted.includes(target)));
};
export const familyModules = (family: Family): Modules => FAMILY_MODULES[family] ?? SPLIT;

/** Targets of modules; `all` and `all-linear` are every one of them. */
export function targetsOf(read: SettingsReader, modules: readonly string[] | undefined): string[] | undefined {
  if (modules === undefined) return undefined;
  if (modules.some((one) => one === 'all' || one === 'all-linear')) return ALL_TARGETS;
  const targets = modules.flatMap((module) => {
    const found = Object.hasOwn(ALL_MODULES, module) ? ALL_MODULES[module] : undefined;
    if (found === undefined) read.notes.push(`the LoRA target ${module} is not known; it is left out`);
    return found ?? [];
  });
  return targets.length > 0 ? ALL_TARGETS.filter((target) => targets.includes(target)) : undefined;
}

/** Drops what is undefined. */
export const stated = (args: { [name: string]: Value | undefined }): Use['args'] =>
  Object.fromEntries(Object.entries(args).filter((entry): entry is [string, Value] => entry[1] !== undefined));
