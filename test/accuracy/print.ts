/** Prints how far estimates are from published measurements, source by source, beside three peers' formulas. */
import { evaluateCapacity } from './capacity';
import { causeOf } from './causes';
import { evaluate, type Row } from './evaluate';
import { evaluateMany } from './many-cards';
import { PEERS } from './peers';
import { sources } from './records';
import { type Figures, figures, groupBy, groupedFigures, type Sample } from './statistics';
import { VARIANT_CLASSES, variantsOf } from './variants';

const percent = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
const size = (share: number): string => `${(100 * share).toFixed(1)} %`;
const line = (...cells: (string | number)[]): void =>
  console.log(cells.map((cell, index) => (index === 0 ? String(cell).padEnd(26) : String(cell).padStart(12))).join(''));
const cells = ({ n, bias, median, p90 }: Figures): (string | number)[] => [n, percent(bias), size(median), size(p90)];
/** The same rows as a peer sees them. */
const seenBy = (rows: readonly Row[], peer: string): Sample[] =>
  rows.map((row) => ({ group: row.group, error: row.peers[peer] ?? Number.NaN }));

const { rows, refused } = evaluate();
const verbose = process.argv.includes('--all');

console.log(
  `${rows.length + refused.length} published peaks of quality A and B; ${rows.length} of them as plans for one card.\n`,
);
line('source', 'n', 'bias', 'median', '90th');
for (const [source, own] of groupBy(rows, (row) => row.record.source)) line(source, ...cells(figures(own)));
console.log('\nAll, averaged by table first (n tables), and record by record:');
line('', 'n', 'bias', 'median', '90th');
line('Memplan, by table', ...cells(groupedFigures(rows)));
for (const { name } of PEERS) line(`${name}, by table`, ...cells(groupedFigures(seenBy(rows, name))));
line('Memplan, by record', ...cells(figures(rows)));
for (const { name } of PEERS) line(`${name}, by record`, ...cells(figures(seenBy(rows, name))));

const ordered = [...rows].sort((a, b) => Math.abs(b.error) - Math.abs(a.error));
console.log(verbose ? '\nEvery record, the worst first:' : '\nThe worst ten:');
for (const { record, quantity, measured, estimated, error } of verbose ? ordered : ordered.slice(0, 10))
  console.log(
    `  ${record.id.padEnd(34)} ${quantity.padEnd(9)} measured ${measured.toFixed(2).padStart(6)} GiB, estimated ${estimated.toFixed(2).padStart(6)} GiB, ${percent(error).padStart(8)}: ${causeOf(record.id)}`,
  );

console.log('\nNot expressed:');
const reasons = [...groupBy(refused, ({ reason }) => reason)].sort((a, b) => b[1].length - a[1].length);
for (const [reason, own] of reasons) console.log(`  ${String(own.length).padStart(3)}  ${reason}`);
console.log('\nSources:');
for (const [key, { title }] of Object.entries(sources)) console.log(`  ${key.padEnd(24)}${title}`);

const many = evaluateMany();
console.log(`\nSeveral cards: ${many.rows.length} of ${many.rows.length + many.refused.length} as plans.\n`);
line('source', 'n', 'bias', 'median', '90th');
for (const [name, own] of groupBy(many.rows, (row) => `${row.record.source}, ${row.quantity}`))
  line(name, ...cells(figures(own)));
const farthest = [...many.rows].sort((a, b) => Math.abs(b.error) - Math.abs(a.error));
console.log(verbose ? '\nEvery record, the worst first:' : '\nThe worst five:');
for (const { record, estimated, error } of verbose ? farthest : farthest.slice(0, 5))
  console.log(
    `  ${record.id.padEnd(36)} measured ${record.measured.gib.toFixed(2).padStart(6)} GiB, estimated ${estimated.toFixed(2).padStart(6)} GiB, ${percent(error).padStart(8)}: ${causeOf(record.id)}`,
  );
console.log('\nNot expressed:');
for (const [reason, own] of groupBy(many.refused, (one) => one.reason)) console.log(`  not: ${own.length} × ${reason}`);

const variants = variantsOf(rows, many.rows);
console.log('\nSeveral cards, adapters, quantized weights, 8-bit and low-rank optimizers together:');
line('', 'n', 'bias', 'median', '90th');
for (const name of VARIANT_CLASSES) line(name, ...cells(figures(variants.filter(({ classes }) => classes.includes(name)))));
line('all, by table', ...cells(groupedFigures(variants)));
line('all, by record', ...cells(figures(variants)));

const capacity = evaluateCapacity();
console.log(
  `\nLongest sequences, and largest models, that fit: ${capacity.rows.length} of ${capacity.rows.length + capacity.refused.length} as plans.\n`,
);
line('source', 'n', 'bias', 'median', '90th');
for (const [name, own] of groupBy(capacity.rows, ({ record }) => `${record.source}, ${record.objective}`))
  line(name, ...cells(figures(own)));
for (const { record, published, found, error } of capacity.rows)
  console.log(
    `  ${record.id.padEnd(44)} ${String(published).padStart(8)} ${[...new Set(found)].join(' to ').padStart(18)} ${percent(error).padStart(9)}`,
  );
for (const [reason, own] of groupBy(capacity.refused, (one) => one.reason)) console.log(`  not: ${own.length} × ${reason}`);
