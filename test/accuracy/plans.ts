/** A published measurement as a plan, or the reason why it cannot be one. */
import { completeModel } from '../../src/plan/families';
import { findDevice } from '../../src/plan/presets/devices';
import type { Device, Family, Model, Plan, TechniqueSlot, Use } from '../../src/plan/types';
import { findSpec } from '../../src/techniques/registry';
import { frameworks, use } from './frameworks';
import { type Configuration, dimensionsOf, type Record } from './records';

export type Quantity = 'allocated' | 'reserved' | 'device';

export interface Expressed {
  record: Record;
  plan: Plan;
  /** Which of a peak's figures the source measured. */
  quantity: Quantity;
  /** GiB. */
  measured: number;
}

export interface Refused {
  record: Record;
  reason: string;
}

export const isExpressed = (entry: Expressed | Refused): entry is Expressed => 'plan' in entry;

export function express(record: Record): Expressed | Refused {
  const refuse = (reason: string): Refused => ({ record, reason });
  if (record.devices !== 1) return refuse('several cards');
  const framework = frameworks[record.source];
  if (record.batch === null || record.sequence === null) return refuse('batch or length not published: a bracket, not a point');
  const own = framework?.refuses?.(record);
  if (own) return refuse(own);
  try {
    return {
      record,
      plan: planOf(record, record.batch, record.sequence),
      quantity: framework?.quantity?.(record) ?? quantityOf(record),
      measured: framework?.measured?.(record) ?? measuredGib(record),
    };
  } catch (error) {
    if (error instanceof Inexpressible) return refuse(error.message);
    throw error;
  }
}

/** The configuration of a record. Throws `Inexpressible` where a plan cannot say it. */
export function planOf(record: Configuration, batch: number, sequence: number): Plan {
  const framework = frameworks[record.source];
  const slots = { ...slotsOf(record), ...framework?.slots?.(record) };
  return {
    name: record.id,
    model: modelOf(record),
    device: deviceOf(record),
    batch,
    sequence,
    // The second micro-batch meets the first one's gradients.
    accumulate: framework?.keepsGradients ? 2 : record.gradients.accumulation,
    slots,
    lists: framework?.lists?.(record) ?? {},
    order: Object.keys(slots) as TechniqueSlot[],
  };
}

export class Inexpressible extends Error {}
const inexpressible = (reason: string): never => {
  throw new Inexpressible(reason);
};

/** Where it is not known whether G means 10⁹ or 2³⁰, the middle of both readings. */
const measuredGib = ({ measured }: Record): number =>
  measured.unit === 'ambiguous' ? (measured.range[0] + measured.range[1]) / 2 : measured.gib;

function quantityOf({ measured }: Record): Quantity {
  if (measured.metric === 'peak_reserved') return 'reserved';
  if (measured.metric === 'device_used') return 'device';
  return 'allocated';
}

/** Cards as the sources write them; one where none is printed, for it decides only context and workspace. */
function deviceOf({ hardware }: Configuration): Device {
  const name = ['4090', 'A6000', 'A100-SXM4-40GB', 'A100 40GB', 'A100', 'A800', '3090', 'Titan RTX', 'T4'].find((known) =>
    hardware.includes(known),
  );
  const device = findDevice(name?.replace('-SXM4-', ' ') ?? 'A100 80GB') ?? findDevice('A100 80GB');
  if (!device) throw new Error(`no card for ${hardware}`);
  return device;
}

const FAMILY: readonly [RegExp, Family][] = [
  [/^Qwen3/, 'qwen3'],
  [/^Qwen(1\.5)?-/, 'qwen2'],
  [/falcon/i, 'falcon'],
  [/phi-1|stablelm|pythia/i, 'gpt_neox'],
  [/gpt-?2/i, 'gpt2'],
  [/bert/i, 'bert'],
  [/deit|vit/i, 'vit'],
  [/mixtral/i, 'mixtral'],
  [/llama|mistral|^Yi-/i, 'llama'],
  [/zephyr/, 'mistral'],
  // q, k and v from one matrix, and gate and up from another.
  [/^chatglm3/, 'phi3'],
];

function modelOf(record: Configuration): Model {
  const { model, source } = record;
  const family = FAMILY.find(([pattern]) => pattern.test(model.name))?.[1] ?? inexpressible(`no family for ${model.name}`);
  const framework = frameworks[source];
  return completeModel(model.name, {
    family,
    ...dimensionsOf(model),
    vocab: model.vocab ?? 1000,
    ...(model.tied_embeddings === undefined ? {} : { tiedEmbeddings: model.tied_embeddings }),
    ...(model.patch_size === undefined ? {} : { patch: model.patch_size }),
    ...framework?.model?.(record),
  });
}

function slotsOf(record: Configuration): Plan['slots'] {
  const { checkpointing, attention } = record;
  const slots: Plan['slots'] = {
    precision: use(precisionOf(record)),
    backward: use(
      { none: 'standard', full: 'checkpoint', full_offloaded: 'checkpoint', streambp: 'streambp' }[checkpointing.mode] ??
        inexpressible(`${checkpointing.mode} checkpointing`),
    ),
    optimizer: optimizerOf(record),
    train: trainOf(record),
    attention: use(/eager|materialised/.test(attention ?? '') ? 'eager' : 'flash'),
  };
  const quant = record.method.quant ?? '';
  if (/nf4|4-bit/i.test(quant)) slots.weights = use('nf4', { 'double-quant': /double/.test(quant) });
  else if (/int4/i.test(quant)) slots.weights = use('int4');
  // Q-GaLore brings its own 8-bit weights.
  else if (/int8/i.test(quant)) slots.weights = use('int8');
  if (record.offload) {
    if (!findSpec('activations', 'offload')) return inexpressible('activations offloaded to the host');
    slots.activations = use('offload');
  }
  return slots;
}

function precisionOf({ precision }: Configuration): string {
  const half = /fp16|float16/.test(precision.compute) ? 'fp16' : 'bf16';
  if (/^fp32/.test(precision.weights)) return precision.autocast ? `amp-${half}` : 'fp32';
  return half;
}

function optimizerOf({ optimizer, gradients, precision }: Configuration): Use {
  const name = optimizer.name ?? '';
  const wide = /fp32/.test(precision.weights) ? 'fp32' : 'parameter';
  if (/^none/.test(name)) return use('none');
  if (/galore/i.test(name)) {
    if (/^q-galore/i.test(name)) return use('q-galore', { rank: optimizer.rank ?? 128 });
    if (/quantize/i.test(name)) return inexpressible('quantized GaLore');
    if (optimizer.with_embedding) return inexpressible('GaLore on the embedding');
    const inner = /8bit/i.test(name) ? use('adamw8bit') : use('adamw');
    return use('galore', { rank: optimizer.rank ?? 128, inner, layerwise: gradients.in_backward });
  }
  if (/8bit/i.test(name)) return use('adamw8bit', { paged: /paged/i.test(name) });
  if (/^adafactor/i.test(name)) return use('adafactor');
  if (/fp8|4bit|block/i.test(name)) return inexpressible(`optimizer ${name}`);
  if (/adamw/i.test(name)) return use('adamw', { states: wide, fused: /fused/.test(name) });
  return inexpressible(`optimizer ${name}`);
}

const TARGETS: readonly [RegExp, string[]][] = [
  [/^(all|q,k,v,o,gate,up,down)/, ['q', 'k', 'v', 'o', 'gate', 'up', 'down']],
  [/^q[_ ]/, ['q']],
  [/^k[_ ]/, ['k']],
  [/^v[_ ]/, ['v']],
  [/^(output_proj|o_proj|c_proj)/, ['o']],
  [/^(c_attn|query_key_value)/, ['q', 'k', 'v']],
  [/^w1/, ['gate']],
  [/^w2/, ['down']],
  [/^w3/, ['up']],
];

function trainOf({ method }: Configuration): Use {
  if (method.type === 'full') return use('full');
  if (method.type === 'lisa') return use('lisa', { layers: method.activated_layers ?? 2 });
  if (!/^(q?lora)$/.test(method.type)) return inexpressible(`${method.type} tuning`);
  if (method.modules_to_save) return inexpressible('embedding and head trained beside adapters');
  const targets = [method.lora_targets ?? []].flat().flatMap((target) => {
    const found = TARGETS.find(([pattern]) => pattern.test(target))?.[1];
    return found ?? inexpressible(`an adapter on ${target}`);
  });
  return use(method.use_dora ? 'dora' : 'lora', { rank: method.lora_r ?? 8, targets, 'adapter-precision': 'bf16' });
}
