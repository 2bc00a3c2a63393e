/** Published longest sequences beside the ones that `find max sequence` answers, or the reason why a record is not one. */
import { findDevice } from '../../src/plan/presets/devices';
import { findModel, modelNames } from '../../src/plan/presets/models';
import type { Device, Plan } from '../../src/plan/types';
import { parameterCount } from '../../src/plan/weights';
import { find } from '../../src/planner/answers';
import { estimate } from '../../src/planner/estimate';
import { use } from './frameworks';
import { Inexpressible, planOf } from './plans';
import { type CapacityRecord, capacityRecords } from './records';

export interface CapacityRow {
  record: CapacityRecord;
  published: number;
  /** Answers; two of them where what is not published leaves a bracket. */
  found: readonly [least: number, most: number];
  /** From the nearest of the answers; 0 between them. */
  error: number;
  group: string;
}

export interface CapacityRefusal {
  record: CapacityRecord;
  reason: string;
}

/**
 * Table 3 does not say whether the optimizer's states exist: training has AdamW's, in the parameters' type, and lets the output go
 * before backward; the script ends before the optimizer's first step. Preference pairs are of the printed length each.
 */
function table3(plan: Plan, { objective, checkpointing }: CapacityRecord): Plan[] {
  const loss = objective === 'DPO' ? { loss: use('dpo', checkpointing.mode === 'streambp' ? { chunk: 100 } : {}) } : {};
  const engine = use('pytorch', { transformers: '4.51', 'hold-output': false });
  return [use('adamw', { states: 'parameter' }), use('none')].map((optimizer) => ({
    ...plan,
    accumulate: 1,
    slots: { ...plan.slots, ...loss, engine, optimizer },
  }));
}

/**
 * Lengths on a line through runs of other lengths, and so answers to the same question. The other engine is Trainer of July
 * 2024, when the figure was first told (70B: "7K tokens without Unsloth"): PEFT raises what is not quantized to float32 under
 * autocast, and Trainer lets the output go before backward. Unsloth's own kernels keep what products read and write, as a
 * compiled layer does, and cast adapters to 16 bits; checkpoints lie in the host's memory. Its notebooks have 8-bit AdamW.
 * "48 GB" are 48 GiB on an A6000 and 45 on an L40S: both are asked. Whether the line is one of tensors or of what the
 * allocator held is not told: both answers count.
 */
function unsloth(plan: Plan, { checkpointing, hardware }: CapacityRecord): Plan[] {
  const own = checkpointing.mode === 'full_offloaded';
  const train = (precision: string) => use('lora', { ...plan.slots.train?.args, 'adapter-precision': precision });
  const slots = {
    ...plan.slots,
    weights: use('nf4', { 'double-quant': true }),
    optimizer: use('adamw8bit'),
    ...(own
      ? {
          precision: use('bf16'),
          train: train('bf16'),
          backward: use('checkpoint', { offload: true }),
          loss: use('cut-cross-entropy'),
          engine: use('pytorch', { compile: true, 'hold-output': false }),
        }
      : {
          precision: use('amp-bf16'),
          train: train('fp32'),
          engine: use('pytorch', { transformers: '4.43', 'hold-output': false }),
        }),
  };
  const names = /48 GB/.test(hardware) ? ['RTX A6000', 'L40S'] : ['A100 80GB'];
  return names.map((name) => ({ ...plan, slots, device: findDevice(name) as Device }));
}

/**
 * The largest OPT that one A100 tunes with Adam, in parameters. Malladi et al., arXiv:2305.17333: rows of MultiRC, 400 tokens on
 * average, one at a time, with no means of saving; the same figure's 26 GiB for 1.3B are float32 weights, gradients and states.
 */
function largestModel(record: CapacityRecord): CapacityRow {
  const published = findModel(`facebook/${record.model.name.toLowerCase()}`);
  if (!published) throw new Inexpressible(`no model ${record.model.name}`);
  const of = (name: string): Plan => ({
    name: record.id,
    model: findModel(name) ?? published,
    device: findDevice('A100 80GB') as Device,
    batch: 1,
    sequence: 400,
    accumulate: 1,
    slots: { precision: use('fp32'), optimizer: use('adamw'), engine: use('pytorch', { 'hold-output': false }) },
    lists: {},
    order: [],
  });
  const fitting = modelNames.filter((name) => /^facebook\/opt-/.test(name) && estimate(of(name)).fits);
  const found = Math.max(...fitting.map((name) => parameterCount(of(name).model)));
  const all = parameterCount(published);
  return { record, published: all, found: [found, found], error: found / all - 1, group: record.table };
}

function asked(record: CapacityRecord): Plan[] | string {
  if (record.objective === 'GRPO') return 'group and prompt are not published';
  const plan = planOf(record, record.batch ?? 1, record.sequence ?? 1);
  if (record.source === 'unsloth') return unsloth(plan, record);
  return /Table 3/.test(record.table) ? table3(plan, record) : [plan];
}

export function evaluateCapacity(): { rows: CapacityRow[]; refused: CapacityRefusal[] } {
  const rows: CapacityRow[] = [];
  const refused: CapacityRefusal[] = [];
  for (const record of capacityRecords) {
    try {
      if (record.sequence === null) {
        rows.push(largestModel(record));
        continue;
      }
      const plans = asked(record);
      if (typeof plans === 'string') refused.push({ record, reason: plans });
      else {
        const published = record.sequence ?? 0;
        const found = plans.flatMap((plan) => {
          const { value = 0, arranged } = find({ ...plan, sequence: 512 }, { name: 'sequence' }, 'max', estimate);
          return record.source === 'unsloth' && arranged !== undefined ? [value, arranged] : [value];
        });
        const [least, most] = [Math.min(...found), Math.max(...found)];
        const nearest = Math.min(most, Math.max(least, published));
        rows.push({ record, published, found: [least, most], error: nearest / published - 1, group: record.table });
      }
    } catch (error) {
      if (!(error instanceof Inexpressible)) throw error;
      refused.push({ record, reason: error.message });
    }
  }
  return { rows, refused };
}
