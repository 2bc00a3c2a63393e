/** The waterfall as a table: the same rows and numbers, for reading and for screen readers. */
import * as l10n from '@vscode/l10n';
import type { Place, PlanView } from '../../src/protocol';
import { h } from '../dom';
import { formatBytes, formatDelta, formatExact, formatSeconds } from '../format';
import type { Waterfall } from '../layout/waterfall';

export function waterfallTable(plan: PlanView, layout: Waterfall, onReveal: (place: Place) => void): HTMLTableElement {
  const rows = layout.rows.map((row) => {
    const place = row.kind === 'result' ? plan.place : plan.places[row.index];
    const name = row.kind === 'plain' ? l10n.t('plain plan') : row.label;
    return h(
      'tr',
      { class: row.kind },
      h('th', { scope: 'row' }, place ? link(name, place, onReveal) : name),
      number(row.kind === 'step' ? formatDelta(row.bytes) : '', row.bytes),
      number(formatBytes(row.after), row.after),
      h('td', { class: 'number' }, formatSeconds(row.time.after)),
    );
  });
  const marks = layout.marks.map((mark) =>
    h(
      'tr',
      { class: mark.role },
      h('th', { scope: 'row' }, mark.role === 'usable' ? l10n.t('usable') : l10n.t('capacity')),
      h('td', {}),
      number(formatBytes(mark.bytes), mark.bytes),
      h('td', {}),
    ),
  );
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...[l10n.t('Technique'), l10n.t('Change'), l10n.t('Peak after'), l10n.t('Time per step')].map((name, i) =>
          h('th', { scope: 'col', class: i > 0 ? 'number' : '' }, name),
        ),
      ),
    ),
    h('tbody', {}, ...rows, ...marks),
  );
}

function number(words: string, bytes: number): HTMLElement {
  return h('td', { class: 'number', title: words === '' ? null : `${formatExact(bytes)} B` }, words);
}

function link(name: string, place: Place, onReveal: (place: Place) => void): HTMLElement {
  const element = h('a', { href: '#', class: 'mono' }, name);
  element.addEventListener('click', (event) => {
    event.preventDefault();
    onReveal(place);
  });
  return element;
}
