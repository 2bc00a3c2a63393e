/** Measured peaks with techniques beyond plain training of one card: which of them a record has. */
import type { Row } from './evaluate';
import type { ManyRow } from './many-cards';
import type { Sample } from './statistics';

export interface Variant extends Sample {
  id: string;
  classes: string[];
}

const CLASSES: readonly [string, (row: Row) => boolean][] = [
  ['adapters', ({ record }) => /lora|dora/.test(record.method.type) || record.method.use_dora === true],
  ['quantized weights', ({ record }) => Boolean(record.method.quant)],
  ['8-bit optimizers', ({ record }) => /8bit|8-bit/i.test(record.optimizer.name ?? '')],
  ['low-rank optimizers', ({ record }) => /galore|apollo/i.test(record.optimizer.name ?? '')],
];

/** Rows of one card that have any of these, and all of several cards. */
export const variantsOf = (rows: readonly Row[], many: readonly ManyRow[]): Variant[] => [
  ...rows.flatMap((row): Variant[] => {
    const classes = CLASSES.filter(([, is]) => is(row)).map(([name]) => name);
    return classes.length > 0 ? [{ id: row.record.id, group: row.group, error: row.error, classes }] : [];
  }),
  ...many.map(({ record, group, error }): Variant => {
    const adapters = /lora/.test(record.method.type) ? ['adapters'] : [];
    return { id: record.id, group, error, classes: ['several cards', ...adapters] };
  }),
];

export const VARIANT_CLASSES = ['several cards', ...CLASSES.map(([name]) => name)];
