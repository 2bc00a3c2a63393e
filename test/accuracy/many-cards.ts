/** Published measurements on several cards as plans, or the reason why one cannot be one. Sources: see `measurements.json`. */
import { completeModel } from '../../src/plan/families';
import { findDevice } from '../../src/plan/presets/devices';
import type { Device, Model, Plan, Use } from '../../src/plan/types';
import { estimate } from '../../src/planner/estimate';
import golden from '../golden/many-cards.json';
import { fmsAdapters, use } from './frameworks';
import { dimensionsOf, type PublishedModel } from './records';

export interface ManyRecord {
  id: string;
  source: string;
  group: string;
  devices: number;
  /** The strategy as it is printed, and its numbers where they are: dp, tp, pp, cp, micro_batches. */
  spread: { strategy: string; dp?: number; tp?: number; pp?: number; cp?: number; micro_batches?: number };
  model: PublishedModel & { vocab: number };
  method: { type: string; lora_r?: number; lora_targets?: string[]; quant?: string };
  batch: number;
  sequence: number;
  checkpointing: string;
  loss: string | null;
  compile: boolean;
  measured: { metric: string; gib: number };
}

const manyRecords = golden as unknown as ManyRecord[];

type Stated = Pick<Plan, 'slots' | 'lists' | 'batch' | 'accumulate'> | string;

const h100 = findDevice('H100 80GB') as Device;

/** torchtitan's logs print shares of 94.99 GiB (49.58 GiB are 52.20 %); in most others the card only decides the workspace. */
const deviceOf = ({ source }: ManyRecord): Device => {
  if (source === 'fsdp-qlora') return findDevice('RTX 3090') as Device;
  return source === 'torchtitan' ? { ...h100, memory: Math.round(94.98 * 2 ** 30), reserve: 0 } : h100;
};

const modelOf = ({ model, source }: ManyRecord): Model =>
  completeModel(model.name, {
    ...(/^Mixtral/.test(model.name)
      ? { family: 'mixtral', experts: 8, activeExperts: 2 }
      : { family: /^Qwen3/.test(model.name) ? 'qwen3' : 'llama' }),
    ...dimensionsOf(model),
    vocab: model.vocab,
    tiedEmbeddings: model.tied_embeddings ?? false,
    ...(source === 'nanotron-bench' ? { fusedQkv: true } : {}),
  });

/** bfloat16 with float32 gradients and a float32 master copy. */
const WIDE = { precision: use('bf16'), gradients: use('fp32'), optimizer: use('adamw', { master: true, fused: true }) };

/**
 * bfloat16 with float32 gradients and master, ZeRO-1 without buckets; stages are cut by the cost of their layers. Norms are
 * flash-attn's; one matrix makes q, k and v, whose one buffer q keeps while k and v are written anew; tokens come before rows.
 */
function nanotron({ spread, model, batch }: ManyRecord): Stated {
  const { dp = 1, tp = 1, pp = 1, micro_batches: microBatches = 1 } = spread;
  const layer = 4 * model.heads * model.head_dim * model.hidden + 3 * model.ffn * model.hidden;
  const first = Math.ceil((model.layers + (model.vocab * model.hidden) / layer) / pp);
  return {
    batch,
    accumulate: microBatches,
    slots: {
      ...WIDE,
      gradients: use('fp32', { 'narrow-until': 'backward' }),
      engine: use('pytorch', { 'hold-output': false, fused: ['norm'], 'sequence-first': true }),
    },
    lists: {
      parallel: [
        use('zero', { stage: 1, n: dp, 'reduce-bucket': 1, 'allgather-bucket': 1 }),
        use('tensor', { n: tp, sequence: true, 'keep-gathered': true, 'loss-in-place': false }),
        use('pipeline', { n: pp, 'first-layers': pp > 1 ? first : 0 }),
      ],
    },
  };
}

/**
 * Megatron-LM on TransformerEngine: bfloat16 with float32 sums of gradients and masters over the replicas; its modules keep what
 * products read and write, as compiled layers do, and gather sequence-parallel inputs again. The most of all ranks is printed.
 */
function megatron({ spread, batch }: ManyRecord): Stated {
  const { dp = 1, tp = 1, pp = 1, micro_batches: microBatches = 1 } = spread;
  return {
    batch,
    accumulate: microBatches,
    slots: {
      ...WIDE,
      engine: use('pytorch', { compile: true, 'hold-output': false }),
    },
    lists: {
      parallel: [use('zero', { stage: 1, n: dp }), use('tensor', { n: tp, sequence: true }), use('pipeline', { n: pp })],
    },
  };
}

/** torchtitan's `selective` checkpointing stands at `op` unless a layer count is printed. */
const BACKWARD: { [checkpointing: string]: Use } = {
  none: use('standard'),
  selective: use('checkpoint', { save: 'every-second-product' }),
};

/** FSDP2 with float32 shards, gathered in bfloat16; pipelines keep weights gathered and reduce once, in as many micro-batches as stages. */
function torchtitan({ id, spread, devices, checkpointing, compile, batch, sequence, loss }: ManyRecord): Stated {
  if (/FSDP1/.test(spread.strategy)) return 'FSDP1, whose flat parameters are gathered on streams of their own';
  if (/asynctp/.test(id)) return 'asynchronous tensor parallelism';
  const { tp = 1, pp = 1, cp = 1 } = spread;
  // Pull request 165 of April 2024: one root unit, and a model that returns float32 logits, which the loop holds.
  const early = /pr165/.test(id);
  // The loss was compiled from pull request 1033 of April 2025 on; number 755 of December 2024 had turned it off.
  const recent = /h200/.test(id);
  return {
    batch: batch / pp,
    accumulate: pp,
    slots: {
      precision: use('amp-bf16'),
      backward: BACKWARD[checkpointing] ?? use('checkpoint'),
      optimizer: use('adamw', { fused: true }),
      ...(/chunked/.test(loss ?? '') ? { loss: use('chunked', { chunk: (batch * sequence) / 8, recompute: false }) } : {}),
      engine: use(
        'pytorch',
        early
          ? { transformers: '4.40', compile, 'compile-loss': false }
          : { 'hold-output': false, compile, 'compile-loss': recent },
      ),
      allocator: use('cuda-caching'),
    },
    lists: {
      parallel: [
        use('fsdp', { n: devices / (tp * pp * cp), root: early, ...(pp > 1 ? { reshard: false, sync: false } : {}) }),
        use('context', { n: cp }),
        use('tensor', { n: tp, sequence: true, 'keep-gathered': true, 'fused-loss': false }),
        use('pipeline', { n: pp, schedule: /interleaved/.test(spread.strategy) ? 'interleaved' : '1f1b' }),
      ],
    },
  };
}

const TARGETS: { [name: string]: string } = {
  q_proj: 'q',
  k_proj: 'k',
  v_proj: 'v',
  output_proj: 'o',
  w1: 'gate',
  w2: 'down',
  w3: 'up',
};

/** Pure bfloat16, the embedding and the head as units, eight chunks of logits. */
function torchtune(record: ManyRecord): Stated {
  const { spread, devices, method, loss, batch, sequence, compile } = record;
  if (/FSDP1/.test(spread.strategy)) return 'rows of unprinted length';
  if (!/Chunked/.test(loss ?? '') || /not printed/.test(loss ?? '')) return 'batch and loss not printed for certain';
  const targets = (method.lora_targets ?? []).map((name) => TARGETS[name] ?? name);
  const train: Use =
    method.type === 'full' ? use('full') : use('lora', { rank: method.lora_r ?? 8, targets, 'adapter-precision': 'bf16' });
  return {
    batch,
    accumulate: 1,
    slots: {
      precision: use('bf16'),
      train,
      backward: use('checkpoint'),
      optimizer: use('adamw', { states: 'parameter', fused: true }),
      attention: use('flash', { 'repeat-kv': true }),
      loss: use('chunked', { chunk: (batch * sequence) / 8, recompute: false }),
      engine: use('pytorch', { 'hold-output': false, compile }),
    },
    lists: {
      parallel: [use('fsdp', { n: devices })],
      ...(/CPU offload/.test(spread.strategy) ? { offload: OFFLOADED } : {}),
    },
  };
}

const OFFLOADED = [use('weights'), use('gradients'), use('optimizer')];

/** As on one card (`frameworks.ts`), with accelerate's FSDP of the time around each layer. */
function fmsAcceleration({ id, devices, batch, method }: ManyRecord): Stated {
  if (/mixtral-gptq-2gpu-b2/.test(id)) return 'the peak is that of loading: it hardly grows with the micro-batch';
  return {
    batch,
    accumulate: 1,
    slots: {
      precision: use('fp16'),
      train: method.type === 'full' ? use('full') : fmsAdapters(method),
      backward: use('checkpoint', { reentrant: true }),
      optimizer: use('adamw', { states: 'parameter' }),
      ...(/NF4/.test(method.quant ?? '') ? { weights: use('nf4', { 'double-quant': true, 'keep-inputs': true }) } : {}),
      ...(/GPTQ/.test(method.quant ?? '') ? { weights: use('int4') } : {}),
      engine: use('pytorch', { torch: '2.2', transformers: '4.39', 'hold-output': false }),
    },
    lists: { parallel: [use('fsdp', { n: devices, version: 1 })] },
  };
}

/** train.py of March 2024: FSDP stands around checkpoints, so that their inputs are no leaves; the loop holds the output. */
function fsdpQlora({ batch, spread, method }: ManyRecord): Stated {
  return {
    batch,
    accumulate: 1,
    slots: {
      precision: use('bf16'),
      train: use('lora', { rank: 64, targets: ['q', 'k', 'v', 'gate', 'up', 'down'], dropout: 0.1, 'adapter-precision': 'bf16' }),
      backward: use('checkpoint'),
      optimizer: use('adamw', { states: 'parameter' }),
      ...(method.quant ? { weights: use('nf4', { 'double-quant': true, 'keep-inputs': true }) } : {}),
      engine: use('pytorch', { torch: '2.2', transformers: '4.38' }),
      allocator: use('cuda-caching'),
    },
    lists: {
      parallel: [use('fsdp', { n: 2, version: 1 })],
      ...(/CPU offload/.test(spread.strategy) ? { offload: OFFLOADED } : {}),
    },
  };
}

/**
 * Shards as torchtitan does. Its loss of the time of the log (August 2025, v1/loss/ce_loss.py) takes logits in their own type,
 * and v1/engine/dense_train_engine.py deletes the output before backward.
 */
function xtuner(record: ManyRecord): Stated {
  if (record.id.endsWith('step1')) return 'a first step, before the states exist';
  const plan = torchtitan({ ...record, compile: false });
  if (typeof plan === 'string') return plan;
  const slots = { ...plan.slots, loss: use('cross-entropy', { upcast: false }) };
  return { ...plan, slots };
}

const SOURCES: { [source: string]: (record: ManyRecord) => Stated } = {
  'nanotron-bench': nanotron,
  simumax: megatron,
  torchtitan,
  torchtune,
  'fms-acceleration': fmsAcceleration,
  'fsdp-qlora': fsdpQlora,
  'litgpt-resource': () => 'the peak is that of loading: it hardly grows with the micro-batch',
  xtuner,
};

export interface ManyRow {
  record: ManyRecord;
  /** GiB. */
  estimated: number;
  error: number;
  group: string;
  quantity: 'allocated' | 'reserved';
}

/** Every record: as a row, or refused with the reason. */
export function evaluateMany(): { rows: ManyRow[]; refused: { record: ManyRecord; reason: string }[] } {
  const rows: ManyRow[] = [];
  const refused: { record: ManyRecord; reason: string }[] = [];
  for (const record of manyRecords) {
    const stated = SOURCES[record.source]?.(record) ?? 'a source without a translation';
    if (typeof stated === 'string') refused.push({ record, reason: stated });
    else {
      const { peak } = estimate({
        name: record.id,
        model: modelOf(record),
        device: deviceOf(record),
        sequence: record.sequence,
        order: [],
        ...stated,
      });
      const quantity = record.measured.metric === 'peak_reserved' ? 'reserved' : 'allocated';
      const estimated = peak[quantity] / 2 ** 30;
      rows.push({ record, estimated, error: estimated / record.measured.gib - 1, group: record.group, quantity });
    }
  }
  return { rows, refused };
}
