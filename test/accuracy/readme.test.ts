/** The README's figures are those of the accuracy report, to a point: nothing is claimed that is not measured. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { evaluate } from './evaluate';
import { PEERS } from './peers';
import { figures, groupBy, groupedFigures } from './statistics';

const readme = readFileSync('README.md', 'utf8');
/** Percentage points that a figure may be off before the README must be written anew. */
const NEAR = { median: 1, p90: 3 };

const { rows } = evaluate();
const percent = (cell: string) => Number(cell.replace('−', '-').replace('%', '').trim());

it('says of each source what the report says', () => {
  const bySource = new Map(groupBy(rows, (row) => row.record.source));
  const table = [...readme.matchAll(/^\| ([^|]+) \| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];
  const keys: { [start: string]: string } = {
    StreamBP: 'streambp',
    LitGPT: 'litgpt-resource',
    torchtune: 'torchtune',
    Qwen: 'qwen-readme',
    'ms-swift': 'ms-swift-benchmark',
  };
  expect(table.length).toBe(Object.keys(keys).length + 1);
  for (const [, name = '', peaks, , median = '', high = ''] of table) {
    const key = Object.entries(keys).find(([start]) => name.startsWith(start))?.[1];
    const own = key === undefined ? groupedFigures(rows) : figures(bySource.get(key) ?? []);
    expect(Number(peaks), name).toBe(key === undefined ? rows.length : own.n);
    expect(Math.abs(percent(median) - 100 * own.median), `${name}, median`).toBeLessThanOrEqual(NEAR.median);
    expect(Math.abs(percent(high) - 100 * own.p90), `${name}, 90th`).toBeLessThanOrEqual(NEAR.p90);
  }
});

it('says of each peer what the report says', () => {
  for (const { name } of PEERS) {
    const [word = ''] = name.split(' ');
    const [, median = ''] = new RegExp(`^\\| ${word}[^|]* \\| [^|]+ \\| ([^|]+) \\|$`, 'm').exec(readme) ?? [];
    const own = groupedFigures(rows.map((row) => ({ group: row.group, error: row.peers[name] ?? Number.NaN })));
    expect(Math.abs(percent(median) - 100 * own.median), name).toBeLessThanOrEqual(2);
  }
});
