/** What rows and marks say, to readers and to screen readers. */
import { formatBytes, formatDelta, formatRelative } from '../format';
import type { Mark, Row } from '../layout/waterfall';
import type { WaterfallNames } from './waterfall';

/** Width of one character of the labels' monospace font at its size. */
export const CHARACTER = 7.3;

/** What a screen reader says of a bar: everything the picture shows. */
export function sentence(row: Row, names: WaterfallNames): string {
  const line = names.lineOf(row);
  const where = line === null ? '' : `, line ${line}`;
  if (row.kind === 'plain') return `Plain plan: ${formatBytes(row.after)}${where}`;
  if (row.kind === 'result')
    return `Result of ${row.label}: ${formatBytes(row.after)}${names.over ? `, ${names.over}` : ', fits'}${where}`;
  const change =
    row.bytes === 0 ? 'no change' : row.bytes < 0 ? `saves ${formatBytes(-row.bytes)}` : `adds ${formatBytes(row.bytes)}`;
  return `${row.label}: ${change}, from ${formatBytes(row.before)} to ${formatBytes(row.after)}${where}`;
}

/** To the right of the label: the change, and its price in time where there is one and room for it; with `total`, what is left too. */
export function valueWords(row: Row, total: boolean, roomy: boolean): string[] {
  if (row.kind === 'plain') return [formatBytes(row.after)];
  if (row.kind === 'result') return [formatBytes(row.after), row.over ? ` · ${formatBytes(row.over.bytes)} over` : ' · fits'];
  const time = formatRelative(row.time.before, row.time.after);
  const words = [formatDelta(row.bytes)];
  if (total) words.push(` → ${formatBytes(row.after)}`);
  if (roomy && time !== null && time !== '±0 %') words.push(` · time ${time}`);
  return words;
}

/** `text`, shortened to fit `width` pixels. */
export function shorten(text: string, width: number): string {
  const room = Math.max(4, Math.floor(width / CHARACTER));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

export function markWords(mark: Mark, device: string): string {
  return mark.role === 'usable' ? `usable ${formatBytes(mark.bytes)}` : `${device} ${formatBytes(mark.bytes)}`;
}
