/** Published longest sequences beside the ones that `find max sequence` answers, or the reason why a record is not one. */
import type { Plan } from '../../src/plan/types';
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

function asked(record: CapacityRecord): Plan[] | string {
  if (record.sequence === null) return 'the largest model of a family: a bracket, not a point';
  if (record.source === 'unsloth') return 'lengths of a line fitted through others, not runs';
  if (record.objective === 'GRPO') return 'group and prompt are not published';
  const plan = planOf(record, record.batch ?? 1, record.sequence);
  return /Table 3/.test(record.table) ? table3(plan, record) : [plan];
}

export function evaluateCapacity(): { rows: CapacityRow[]; refused: CapacityRefusal[] } {
  const rows: CapacityRow[] = [];
  const refused: CapacityRefusal[] = [];
  for (const record of capacityRecords) {
    try {
      const plans = asked(record);
      if (typeof plans === 'string') refused.push({ record, reason: plans });
      else {
        const published = record.sequence ?? 0;
        const found = plans.map((plan) => find({ ...plan, sequence: 512 }, { name: 'sequence' }, 'max', estimate).value ?? 0);
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
