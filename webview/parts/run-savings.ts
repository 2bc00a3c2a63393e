/** What each technique changes of a step's bytes, predicted beside counted, from the plain step to the plan's. */
import * as l10n from '@vscode/l10n';
import type { RunEvent } from '../../src/protocol';
import { h, icon } from '../dom';
import { formatBytes, formatExact } from '../format';

type Saving = Extract<RunEvent, { type: 'saving' }>;
type StepBytes = Saving['before'];
const READINGS = ['predicted', 'counted', 'buffers'] as const;

const TITLES = [
  l10n.t('Live bytes, one technique after the other'),
  l10n.t('Predicted'),
  l10n.t('Counted'),
  '',
  l10n.t('GPU buffers'),
] as const;

export function savings(list: readonly Saving[]): HTMLElement {
  const [first] = list;
  const last = list[list.length - 1];
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Bytes by technique')),
    h(
      'table',
      { class: 'savings stacks' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...TITLES.map((title, index) =>
            h(
              title === '' ? 'td' : 'th',
              { scope: title === '' ? null : 'col', class: index === 1 || index === 2 || index === 4 ? 'number' : null },
              title,
            ),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        first ? total(l10n.t('plain'), first.before) : null,
        ...list.map((saving) => change(saving)),
        last ? total(l10n.t('with all of them'), last.after) : null,
      ),
    ),
  );
}

const exact = (bytes: number): string => `${formatExact(bytes)} B`;
const signed = (bytes: number): string => `${bytes > 0 ? '+' : ''}${exact(bytes)}`;

function row(
  head: Node | string,
  kind: string,
  cells: [text: string, title: string][],
  equal: boolean,
  technique: string | null,
): HTMLElement {
  const [predicted, counted, buffers] = cells.map(([text, title], index) =>
    h('td', { class: 'number', title, 'data-title': TITLES[[1, 2, 4][index] ?? 0] }, text),
  );
  return h(
    'tr',
    { class: kind, 'data-saving': technique, 'data-equal': String(equal) },
    h('th', { scope: 'row' }, head),
    predicted ?? null,
    counted ?? null,
    h('td', { class: 'verdict-cell' }, icon(equal ? 'pass' : 'fail'), h('span', {}, equal ? l10n.t('equal') : l10n.t('differs'))),
    buffers ?? null,
  );
}

const total = (name: string, bytes: StepBytes): HTMLElement =>
  row(
    name,
    'result',
    READINGS.map((reading) => [exact(bytes[reading]), formatBytes(bytes[reading])]),
    bytes.predicted === bytes.counted,
    null,
  );

function change({ technique, before, after }: Saving): HTMLElement {
  const changes = READINGS.map((reading) => after[reading] - before[reading]);
  const equal = changes[0] === changes[1];
  const cells = changes.map((bytes): [string, string] => [signed(bytes), formatBytes(bytes)]);
  return row(h('span', { class: 'mono' }, technique), equal ? 'pass' : 'fail', cells, equal, technique);
}
