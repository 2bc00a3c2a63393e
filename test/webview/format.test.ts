import { expect, test } from 'vitest';
import { toCsv, toMarkdown } from '../../webview/export/text';
import {
  byteTicks,
  formatBytes,
  formatCount,
  formatDelta,
  formatExact,
  formatMeasure,
  formatRange,
  formatRelative,
  formatSeconds,
} from '../../webview/format';
import { longform } from './canned';

const GiB = 2 ** 30;

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [600 * 2 ** 20, '600.0 MiB'],
  [1.5 * GiB, '1.50 GiB'],
  [23.456 * GiB, '23.5 GiB'],
  [9.999 * GiB, '10.0 GiB'],
  [183.14 * GiB, '183.1 GiB'],
  [4000 * GiB, '4000 GiB'],
  [20_480 * GiB, '20.0 TiB'],
  [-2 * GiB, '\u22122.00 GiB'],
])('%d bytes read %s', (bytes, words) => expect(formatBytes(bytes)).toBe(words));

test('changes carry their sign', () => {
  expect(formatDelta(-GiB)).toBe('\u22121.00 GiB');
  expect(formatDelta(GiB)).toBe('+1.00 GiB');
  expect(formatDelta(0)).toBe('±0');
});

test('a range names its unit once, where both ends have it', () => {
  expect(formatRange(27.8 * GiB, 30.9 * GiB)).toBe('27.8 – 30.9 GiB');
  expect(formatRange(512 * 2 ** 20, 1.25 * GiB)).toBe('512.0 MiB – 1.25 GiB');
});

test('exact counts are grouped', () => {
  expect(formatExact(25_769_803_776)).toBe('25,769,803,776');
  expect(formatExact(-1000)).toBe('\u22121,000');
  expect(formatExact(999)).toBe('999');
});

test('times choose their unit', () => {
  expect([5e-5, 0.38, 1.24, 130, 8000].map(formatSeconds)).toEqual(['50.0 µs', '380.0 ms', '1.24 s', '2.17 min', '2.22 h']);
});

test('a change of nothing is not a percentage', () => {
  expect(formatRelative(0, 3)).toBeNull();
  expect(formatRelative(10, 11.2)).toBe('+12 %');
  expect(formatRelative(10, 7.3)).toBe('\u221227 %');
});

test('measurements read as what they are', () => {
  expect(formatMeasure(2.31e-6, undefined)).toBe('2.31e-6');
  expect(formatMeasure(540_672, 'bytes')).toBe('540,672 B');
  expect(formatMeasure(1.02, 'steps')).toBe('1.02 steps');
  expect(formatMeasure(Number.NaN, undefined)).toBe('not a number');
  expect(formatMeasure(null, undefined)).toBe('not a number');
});

test('parameters are counted in millions and billions', () => {
  expect(formatCount(8_030_261_248)).toBe('8.03 billion');
  expect(formatCount(2643)).toBe('2,643');
});

test('ticks are powers of two and reach no further than the axis', () => {
  const ticks = byteTicks(183 * GiB, 8);
  expect(ticks[1]).toBe(32 * GiB);
  expect(ticks.at(-1)).toBeLessThanOrEqual(183 * GiB);
  expect(byteTicks(0, 8)).toEqual([0]);
});

test('Markdown and CSV say what the picture says', () => {
  const rows = toCsv(longform)
    .trim()
    .split('\n')
    .map((line) => line.match(/("[^"]*"|[^,]*)(,|$)/g)?.map((cell) => cell.replace(/,$/, '').replaceAll('"', '')) ?? []);
  expect(rows).toHaveLength(longform.waterfall.length + 2);
  expect(rows[2]?.[0]).toBe(longform.waterfall[1]?.label);
  expect(Number(rows[2]?.[1])).toBe((longform.waterfall[1]?.after ?? 0) - (longform.waterfall[1]?.before ?? 0));
  expect(Number(rows.at(-1)?.[2])).toBe(longform.peak.allocated);
  const table = toMarkdown(longform)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(table).toHaveLength(longform.waterfall.length + 3);
  expect(table.every((line) => line.split(/(?<!\\)\|/).length === 6)).toBe(true);
});
