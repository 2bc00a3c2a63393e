/** Numbers that a file may state of a model and of a card: between what they lie, and which others follow when one changes. */
import { defaultFfn, FAMILIES } from './families';
import type { Unit } from './format';
import type { Device, Family, Model } from './types';

export type ModelNumber = Exclude<
  { [field in keyof Model]-?: NonNullable<Model[field]> extends number ? field : never }[keyof Model],
  'routedExperts' | 'publishedParameters'
>;
export type DeviceNumber = 'memory' | 'reserve' | 'bandwidth' | 'flops' | 'interconnect' | 'hostMemory';

interface Bounds {
  min: number;
  max: number;
}
export interface ModelNumberType extends Bounds {
  field: ModelNumber;
  /** Counts tokens, so that `16k` may be written. */
  tokens?: true;
  /** A part of one, below `max`. */
  fraction?: true;
}

const WIDEST = 4_194_304;
const LONGEST = 134_217_728;

export const MODEL_NUMBERS = {
  layers: { field: 'layers', min: 1, max: 10_000 },
  hidden: { field: 'hidden', min: 1, max: WIDEST },
  heads: { field: 'heads', min: 1, max: 65_536 },
  'kv-heads': { field: 'kvHeads', min: 1, max: 65_536 },
  'head-dim': { field: 'headDim', min: 1, max: WIDEST },
  ffn: { field: 'ffn', min: 1, max: WIDEST },
  vocab: { field: 'vocab', min: 1, max: 100_000_000, tokens: true },
  positions: { field: 'positions', min: 0, max: LONGEST, tokens: true },
  dropout: { field: 'dropout', min: 0, max: 1, fraction: true },
  experts: { field: 'experts', min: 0, max: 65_536 },
  'active-experts': { field: 'activeExperts', min: 0, max: 65_536 },
  'shared-ffn': { field: 'sharedFfn', min: 0, max: WIDEST },
  'sliding-window': { field: 'slidingWindow', min: 0, max: LONGEST, tokens: true },
  'encoder-layers': { field: 'encoderLayers', min: 0, max: 10_000 },
  classes: { field: 'classes', min: 0, max: 1_000_000 },
  patch: { field: 'patch', min: 1, max: 4096 },
} as const satisfies { [key: string]: ModelNumberType };
export type ModelNumberKey = keyof typeof MODEL_NUMBERS;

/** What a number is measured in, where it is no mere count. */
export type Measure = Exclude<Unit, 'tokens'>;

const PiB = 1024 ** 5;

export const DEVICE_NUMBERS = {
  memory: { field: 'memory', unit: 'bytes', min: 1024 ** 2, max: PiB },
  reserve: { field: 'reserve', unit: 'bytes', min: 0, max: PiB },
  bandwidth: { field: 'bandwidth', unit: 'bytes/s', min: 1e6, max: 1e18 },
  flops: { field: 'flops', unit: 'FLOPS', min: 1e9, max: 1e21 },
  interconnect: { field: 'interconnect', unit: 'bytes/s', min: 1e6, max: 1e18 },
  'host-memory': { field: 'hostMemory', unit: 'bytes', min: 0, max: PiB },
} as const satisfies { [key: string]: Bounds & { field: DeviceNumber; unit: Measure } };
export type DeviceNumberKey = keyof typeof DEVICE_NUMBERS;

/** Arithmetic outside the matrix units, of a card whose block does not come from a preset. */
export const plainFlops32 = (flops: number): number => flops / 4;

export function withDeviceNumber(device: Device, field: DeviceNumber, value: number): Device {
  const changed = { ...device, [field]: value };
  return field === 'flops' && device.source === 'block' ? { ...changed, flops32: plainFlops32(value) } : changed;
}

/** The model with numbers changed, and with them what its file leaves to them. */
export function resized(model: Model, given: Partial<Model>): Model {
  const hidden = given.hidden ?? model.hidden;
  const heads = given.heads ?? model.heads;
  if (hidden === model.hidden && heads === model.heads) return { ...model, ...given };
  const follows = (field: 'headDim' | 'kvHeads' | 'ffn'): boolean => model.follows?.includes(field) ?? false;
  return {
    ...model,
    ...(follows('headDim') ? { headDim: hidden / heads } : {}),
    ...(follows('kvHeads') ? { kvHeads: model.kvHeads === model.heads ? heads : Math.min(model.kvHeads, heads) } : {}),
    ...(follows('ffn') ? { ffn: defaultFfn(model.family, hidden) } : {}),
    ...given,
  };
}

/** What contradicts what in a model, in a sentence, and the keys of which one may be changed. */
export function shapeProblem(model: Model): { message: string; keys: string[] } | undefined {
  const { family, hidden, heads, kvHeads, headDim, experts, activeExperts, positions } = model;
  const bad = (message: string, ...keys: string[]) => ({ message, keys });
  if (!Number.isInteger(headDim))
    return bad(`${heads} heads do not divide a width of ${hidden}: state \`head-dim\``, 'heads', 'hidden');
  if (FAMILIES[family].position === 'rotary' && headDim % 2 !== 0)
    return bad(`Rotary positions turn pairs of a head's numbers, and \`head-dim\` is ${headDim}`, 'head-dim', 'heads', 'hidden');
  if (heads % kvHeads !== 0) return bad(`${kvHeads} kv-heads do not divide ${heads} heads`, 'kv-heads', 'heads');
  if (activeExperts > experts)
    return bad(`${activeExperts} active experts are more than ${experts} experts`, 'active-experts', 'experts');
  if (experts > 0 && activeExperts === 0) return bad('A model with `experts` wants `active-experts`', 'experts');
  if (model.classes && !hasClasses(family))
    return bad(
      `\`classes\` are told by bert and roberta, not by ${family}${family === 'vit' ? ': its classes are its `vocab`' : ''}`,
      'classes',
    );
  if (model.fusedQkv && (family === 't5' || FAMILIES[family].headNorms))
    return bad(
      `\`fused-qkv\` is not for ${family}: ${family === 't5' ? 'its decoder reads keys and values of another input' : 'it has norms of its own on q and k'}`,
      'fused-qkv',
    );
  if (FAMILIES[family].position === 'learned' && positions === 0)
    return bad(`The ${family} family has learned \`positions\``, 'positions', 'family');
  return undefined;
}

const hasClasses = (family: Family): boolean => family === 'bert' || family === 'roberta';

/** Why a number of a model says nothing about it; undefined where it does. */
export function meaningless(model: Model, key: ModelNumberKey): string | undefined {
  const { family } = model;
  const its = `a ${family} model`;
  switch (key) {
    case 'experts':
    case 'active-experts':
    case 'shared-ffn':
      return model.experts > 0 ? undefined : `${model.name} has no experts`;
    case 'positions':
      return FAMILIES[family].position === 'learned' ? undefined : `${its} learns no positions`;
    case 'encoder-layers':
      return model.encoderLayers > 0 ? undefined : `${its} has no encoder`;
    case 'classes':
      return hasClasses(family) ? undefined : `${its} tells no classes`;
    case 'patch':
      return family === 'vit' ? undefined : `${its} reads no images`;
    default:
      return undefined;
  }
}
