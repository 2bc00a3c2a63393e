/** What is alive at a moment, area by area as it is drawn; beside a pinned moment the difference too. */
import * as l10n from '@vscode/l10n';
import { h } from '../dom';
import { formatBytes, formatDelta, formatExact } from '../format';
import { categoriesOf, type Live } from '../layout/live';
import type { Area, TimelineChart } from '../layout/timeline';
import { isSeen } from './summary';

export interface LiveRow {
  area: Pick<Area, 'name' | 'category' | 'shade'>;
  now: number;
  pinned: number;
}

/** A row an area, top down as they lie; they add up to what is alive. */
export function liveRows(live: Live, { areas }: Pick<TimelineChart, 'areas'>, at: number, pinned: number | null): LiveRow[] {
  const named = areas.filter(({ kind }) => kind >= 0);
  const read = (point: number): number[] => {
    const row = live.rows([point]);
    const bytes = named.map(({ kind }) => row[kind] ?? 0);
    return [...bytes, (live.sums[point] ?? 0) - bytes.reduce((sum, one) => sum + one, 0)];
  };
  const now = read(at);
  const then = pinned === null ? [] : read(pinned);
  const other = { name: null, category: null, shade: 0 } as const;
  return [...named, other]
    .map((area, index): LiveRow => ({ area, now: now[index] ?? 0, pinned: then[index] ?? 0 }))
    .filter(({ now, pinned }) => now > 0 || pinned > 0)
    .reverse();
}

export function liveTable(rows: readonly LiveRow[], others: number, against: boolean): HTMLElement[] {
  const titles = [
    l10n.t('Alive'),
    l10n.t('Category'),
    l10n.t('Bytes'),
    ...(against ? [l10n.t('Pinned'), l10n.t('Difference')] : []),
  ];
  const number = (words: string, bytes: number) => h('td', { class: 'number', title: `${formatExact(bytes)} B` }, words);
  const numbers = (now: number, pinned: number) => [
    number(formatBytes(now), now),
    ...(against ? [number(formatBytes(pinned), pinned), number(formatDelta(now - pinned), now - pinned)] : []),
  ];
  const sum = (read: (row: LiveRow) => number) => rows.reduce((total, row) => total + read(row), 0);
  return [
    h(
      'thead',
      {},
      h('tr', {}, ...titles.map((name, index) => h('th', { scope: 'col', class: index > 1 ? 'number' : '' }, name))),
    ),
    h(
      'tbody',
      {},
      ...rows.map(({ area: { name, category, shade }, now, pinned }) =>
        h(
          'tr',
          { 'data-area': name ?? 'other', 'data-bytes': now },
          h(
            'th',
            { scope: 'row' },
            h('span', { class: `swatch category-${category ?? 'other'} shade-${shade}` }),
            name === null ? l10n.t('other') : h('span', { class: 'mono' }, name),
          ),
          h('td', { class: 'quiet' }, category ?? l10n.t('{0} smaller kinds', formatExact(others))),
          ...numbers(now, pinned),
        ),
      ),
      h(
        'tr',
        { class: 'result' },
        h('th', { scope: 'row', colspan: 2 }, l10n.t('all')),
        ...numbers(
          sum(({ now }) => now),
          sum(({ pinned }) => pinned),
        ),
      ),
    ),
  ];
}

/** The categories at a moment: the colours of the areas with what each holds. */
export function liveLegend(live: Live, at: number, other: boolean): HTMLElement[] {
  const whole = live.sums[at] ?? 0;
  return [
    ...categoriesOf(live.timeline, live.rows([at]))
      .filter(([, bytes]) => bytes > 0 && isSeen(bytes, whole))
      .map(([category, bytes]) =>
        h('li', {}, h('span', { class: `swatch category-${category}` }), category, h('b', {}, formatBytes(bytes))),
      ),
    ...(other ? [h('li', {}, h('span', { class: 'swatch category-other' }), l10n.t('other: a little of each'))] : []),
  ];
}
