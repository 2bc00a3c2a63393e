/** Every published measurement beside the product's estimate and the peers'. */
import { estimate } from '../../src/planner/estimate';
import { PEERS } from './peers';
import { type Expressed, express, isExpressed, type Refused } from './plans';
import { records } from './records';
import type { Sample } from './statistics';

const GiB = 2 ** 30;

export interface Row extends Expressed, Sample {
  /** GiB. */
  estimated: number;
  /** Relative errors by peer. */
  peers: { [name: string]: number };
}

export interface Evaluation {
  rows: Row[];
  refused: Refused[];
}

export function evaluate(): Evaluation {
  const entries = records.map(express);
  const rows = entries.filter(isExpressed).map((entry): Row => {
    const estimated = estimate({ ...entry.plan, order: [] }).peak[entry.quantity] / GiB;
    const error = (value: number): number => value / entry.measured - 1;
    return {
      ...entry,
      group: entry.record.group,
      estimated,
      error: error(estimated),
      peers: Object.fromEntries(PEERS.map(({ name, bytes }) => [name, error(bytes(entry.plan) / GiB)])),
    };
  });
  return { rows, refused: entries.filter((entry): entry is Refused => !isExpressed(entry)) };
}
