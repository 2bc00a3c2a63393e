/** The README's figures are those of the accuracy report: nothing is claimed that is not measured. `vitest -u` writes them anew. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { evaluate } from './evaluate';
import { PEERS } from './peers';
import { type Figures, figures, groupBy, groupedFigures } from './statistics';

const readme = readFileSync('README.md', 'utf8');
const { rows } = evaluate();

/** Sources of many records, by the words that begin their line. */
const SOURCES: { readonly [start: string]: string } = {
  StreamBP: 'streambp',
  'LitGPT, resource': 'litgpt-resource',
  'LitGPT, configurations': 'litgpt-config-hub',
  torchtune: 'torchtune',
  Qwen: 'qwen-readme',
  'ms-swift': 'ms-swift-benchmark',
};

const percent = (share: number): string => `${(100 * share).toFixed(1).replace('-', '−')} %`;

/** The document with the figures of the lines that begin with these words put in. */
const withRow = (text: string, start: string, cells: readonly (string | number)[]): string => {
  const line = new RegExp(`^(\\| ${start}[^|:]*) \\|.*\\|$`, 'm');
  if (!line.test(text)) throw new Error(`the README has no line of ${start}`);
  return text.replace(line, (_, name: string) => [name, ...cells].join(' | ').concat(' |'));
};
const cells = ({ n, bias, median, p90 }: Figures) => [n, percent(bias), percent(median), percent(p90)];

it('says of each source and each peer what the report says', async () => {
  const bySource = new Map(groupBy(rows, (row) => row.record.source));
  let text = readme;
  for (const [start, source] of Object.entries(SOURCES)) text = withRow(text, start, cells(figures(bySource.get(source) ?? [])));
  const all = groupedFigures(rows);
  text = withRow(text, 'all, each table once', cells({ ...all, n: rows.length }));
  const medians = [
    { name: 'Memplan', median: all.median },
    ...PEERS.map(({ name }) => {
      const seen = rows.map((row) => ({ group: row.group, error: row.peers[name] ?? Number.NaN }));
      return { name, median: groupedFigures(seen).median };
    }),
  ];
  for (const { name, median } of medians) {
    const [start = ''] = name.split(' ');
    const [, counts = ''] = new RegExp(`^\\| ${start}[^|:]* \\| ([^|]+) \\|`, 'm').exec(text) ?? [];
    text = withRow(text, start, [counts, percent(median)]);
  }
  await expect(text).toMatchFileSnapshot('../../README.md');
});
