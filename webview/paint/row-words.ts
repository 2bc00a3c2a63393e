/** What rows and marks say, to readers and to screen readers, and where words stand, so that lines leave them alone. */
import * as l10n from '@vscode/l10n';
import { formatBytes, formatDelta, formatRange, formatRelative } from '../format';
import type { Mark, Row, Waterfall } from '../layout/waterfall';
import { type Box, boxOf } from '../layout/words';
import type { WaterfallNames } from './waterfall';

/** Width of one character of the labels' monospace font at its size. */
export const CHARACTER = 7.3;

/** What a screen reader says of a bar: everything the picture shows. */
export function sentence(row: Row, names: WaterfallNames): string {
  const line = names.lineOf(row);
  const where = line === null ? '' : l10n.t(', line {0}', line);
  if (row.kind === 'plain') return `${l10n.t('Plain plan: {0}', formatBytes(row.after))}${where}`;
  if (row.kind === 'result')
    return (
      [
        l10n.t('Result of {0}: {1}', row.label, formatBytes(row.after)),
        names.over ?? l10n.t('fits'),
        ...(row.band ? [l10n.t('on the card {0}', formatRange(row.band.from, row.band.to))] : []),
      ].join(', ') + where
    );
  const change =
    row.bytes === 0
      ? l10n.t('no change')
      : row.bytes < 0
        ? l10n.t('saves {0}', formatBytes(-row.bytes))
        : l10n.t('adds {0}', formatBytes(row.bytes));
  return `${row.label}: ${change}, ${l10n.t('from {0} to {1}', formatBytes(row.before), formatBytes(row.after))}${where}`;
}

/** To the right of the label: the change, and its price in time where there is one and room for it; with `total`, what is left too. */
function valueWords(row: Row, total: boolean, roomy: boolean): string[] {
  if (row.kind === 'plain') return [formatBytes(row.after)];
  if (row.kind === 'result')
    return [formatBytes(row.after), row.over ? ` · ${l10n.t('{0} over', formatBytes(row.over.bytes))}` : ` · ${l10n.t('fits')}`];
  const time = formatRelative(row.time.before, row.time.after);
  const words = [formatDelta(row.bytes)];
  if (total) words.push(` → ${formatBytes(row.after)}`);
  if (roomy && time !== null && time !== '±0 %') words.push(` · ${l10n.t('time {0}', time)}`);
  return words;
}

/** `text`, shortened to fit `width` pixels. */
function shorten(text: string, width: number): string {
  const room = Math.max(4, Math.floor(width / CHARACTER));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

export function markWords(mark: Mark, device: string): string {
  return mark.role === 'usable' ? l10n.t('usable {0}', formatBytes(mark.bytes)) : `${device} ${formatBytes(mark.bytes)}`;
}

/** Up to this width the price in time is left to the card and the table, so that labels stay readable. */
const NARROW = 400;

export interface RowWords {
  label: string;
  value: string[];
  /** What is left after a step, at its bar; null where it has no room there and stands in `value`. */
  end: { text: string; x: number } | null;
}

/** The words of every row. */
export function wordsOf(layout: Waterfall): Map<Row, RowWords> {
  return new Map(
    layout.rows.map((row) => {
      const x = row.kind === 'step' ? endOf(row, layout) : null;
      const value = valueWords(row, x === null, layout.width > NARROW);
      const room = layout.width - value.join('').length * CHARACTER - 12;
      const label = shorten(row.kind === 'plain' ? l10n.t('plain plan') : row.label, room);
      return [row, { label, value, end: x === null ? null : { text: formatBytes(row.after), x } }];
    }),
  );
}

/** Where the number of what is left stands: right of the bar, within what was saved or behind it; null where it has no room. */
function endOf(row: Row, layout: Waterfall): number | null {
  const width = formatBytes(row.after).length * CHARACTER + 8;
  const end = row.after * layout.scale;
  const ghost = row.change?.kind === 'saved' ? row.change.width : 0;
  let x = end + 6 + (ghost >= width ? 0 : ghost);
  // The card's lines run beside it, not through it.
  for (const mark of layout.marks) if (mark.x > x - 4 && mark.x < x + width) x = mark.x + 5;
  return x + width - 6 <= layout.width ? x : null;
}

/** Where the words of the marks stand, one above the other. */
export const MARK_Y = { capacity: 9, usable: 23 };
/** Width of a character of the marks' words, which are smaller. */
const MARK_CHARACTER = 6.4;

/** Words of a mark begin at its line, or end there where it is far to the right. */
export const anchorOf = ({ x }: Mark, { width }: Waterfall): 'start' | 'end' => (x > width / 2 ? 'end' : 'start');

/** What words cover, with a little room around them. */
export function boxesOf(layout: Waterfall, words: ReadonlyMap<Row, RowWords>, names: WaterfallNames): Box[] {
  const wide = ({ left, right, top, bottom }: Box): Box => ({ left: left - 3, right: right + 3, top, bottom });
  return [
    ...layout.rows.flatMap((row) => {
      const { label = '', value = [], end = null } = words.get(row) ?? {};
      const y = row.y + 13;
      return [
        boxOf({ text: label, x: 0, y, anchor: 'start' }, CHARACTER),
        boxOf({ text: value.join(''), x: layout.width, y, anchor: 'end' }, CHARACTER),
        ...(end ? [boxOf({ text: end.text, x: end.x, y: row.barY + row.barHeight - 6, anchor: 'start' }, CHARACTER)] : []),
      ];
    }),
    ...layout.marks.map((mark) => {
      const anchor = anchorOf(mark, layout);
      const x = mark.x + (anchor === 'end' ? 3 : -3);
      return boxOf({ text: markWords(mark, names.device), x, y: MARK_Y[mark.role], anchor }, MARK_CHARACTER);
    }),
  ].map(wide);
}
