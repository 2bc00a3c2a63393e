/** What each technique changed of a step's bytes in a terminal, predicted beside counted. */
import { formatCount } from '../../plan/format';
import type { RunEvent } from '../../protocol';
import { columns, padEnd, padStart, paint, printable, type Style } from './style';

type Saving = Extract<RunEvent, { type: 'saving' }>;

const INDENT = '  ';

export function paintSavings(style: Style, list: readonly Saving[]): string[] {
  const rows = list.map(({ technique, before, after }) => {
    const change = (reading: 'predicted' | 'counted' | 'buffers') => after[reading] - before[reading];
    const signed = (bytes: number) => `${bytes > 0 ? '+' : ''}${formatCount(bytes)}`;
    return {
      technique: printable(technique),
      predicted: signed(change('predicted')),
      counted: signed(change('counted')),
      buffers: signed(change('buffers')),
      equal: change('predicted') === change('counted'),
    };
  });
  if (rows.length === 0) return [];
  const width = (key: 'predicted' | 'counted' | 'buffers') => Math.max(key.length, ...rows.map((row) => columns(row[key])));
  const [name, predicted, counted, buffers] = [
    Math.max('Techniques'.length, ...rows.map((row) => INDENT.length + columns(row.technique))),
    width('predicted'),
    width('counted'),
    width('buffers'),
  ];
  return [
    `${paint(style, 'bold', padEnd('Techniques', name))}  ${padStart('predicted', predicted)}  ${padStart('counted', counted)}  ${padStart('buffers', buffers)}  change of the peak in bytes, one after the other`,
    ...rows.map((row) => {
      const says = row.equal ? paint(style, 'green', 'equal to the byte') : paint(style, 'red', 'differs');
      return `${INDENT}${padEnd(row.technique, name - INDENT.length)}  ${padStart(row.predicted, predicted)}  ${padStart(row.counted, counted)}  ${padStart(row.buffers, buffers)}  ${says}`;
    }),
  ];
}
