/** Ways to make a plan fit as a table, statement by statement; and where none does, what the smallest plan is made of. */
import * as l10n from '@vscode/l10n';
import type { FitChoice, FitEdit, FitReply } from '../../src/protocol';
import { button } from '../controls';
import { h, icon } from '../dom';
import { formatBytes, formatDelta, formatExact, formatRelative, formatSeconds } from '../format';
import { STACK } from '../layout/waterfall';

export const statement = ({ slot, to }: FitEdit): string => `${slot} ${to}`;

/** What a statement costs or saves of the plan's time. */
export const pace = ({ seconds }: FitEdit, now: number): string => formatRelative(now, now + seconds) ?? '';

/** A body of rows for each way: what it comes to, and below it what each of its statements adds to that. */
export function waysTable(fit: FitReply, ways: readonly FitChoice[], apply: (choice: FitChoice) => void): HTMLTableElement {
  const heads: [words: string, number: boolean][] = [
    [l10n.t('Statements'), false],
    [l10n.t('On the card'), true],
    [l10n.t('Time per step'), true],
  ];
  const head = h(
    'tr',
    {},
    ...heads.map(([words, number]) => h('th', { scope: 'col', class: number ? 'number' : null }, words)),
    h('td'),
  );
  return h('table', { class: 'ways' }, h('thead', {}, head), ...ways.map((way) => wayRows(fit, way, apply)));
}

function wayRows({ now }: FitReply, way: FitChoice, apply: (choice: FitChoice) => void): HTMLElement {
  const { device, time, exact, edits } = way;
  const press = button({ label: l10n.t('Apply'), onPress: () => apply(way) });
  press.element.setAttribute('aria-label', l10n.t('Apply {0}', edits.map(statement).join(', ')));
  const kind = edits.length === 0 ? l10n.t('as written') : exact ? l10n.t('computes exactly the same') : l10n.t('approximates');
  return h(
    'tbody',
    { class: exact ? 'exact' : 'approximate' },
    h(
      'tr',
      { class: 'way' },
      h('th', { scope: 'rowgroup' }, icon(exact ? 'pass' : 'about'), kind),
      h('td', { class: 'number' }, formatBytes(device)),
      h('td', { class: 'number' }, formatSeconds(time), h('small', {}, ` ${formatRelative(now.time, time) ?? ''}`)),
      h('td', {}, edits.length === 0 ? null : press.element),
    ),
    ...edits.map((edit) =>
      h(
        'tr',
        { class: 'edit' },
        h('th', { scope: 'row', class: 'mono' }, statement(edit)),
        h('td', { class: 'number' }, formatDelta(edit.bytes)),
        h('td', { class: 'number' }, pace(edit, now.time)),
        h('td', {}),
      ),
    ),
  );
}

/** Why nothing fits: what is left when all was tried, and what else would help. */
export function floorWords({ considered, usable, floor, now }: FitReply): Node[] {
  const tried = formatExact(considered);
  if (!floor) return [h('p', {}, l10n.t('None of {0} plans fits the card and the host’s memory.', tried))];
  const { peak, categories, edits, beyondHost } = floor;
  const parts = STACK.filter((category) => categories[category] >= peak / 1000).sort((a, b) => categories[b] - categories[a]);
  return [
    h(
      'p',
      {},
      l10n.t(
        'None of {0} plans fits: the smallest keeps {1} alive, and {2} are usable. It is made of',
        tried,
        formatBytes(peak),
        formatBytes(usable),
      ),
    ),
    h(
      'ul',
      { class: 'legend' },
      ...parts.map((category) =>
        h('li', {}, h('span', { class: `swatch category-${category}` }), category, h('b', {}, formatBytes(categories[category]))),
      ),
    ),
    ...(edits.length === 0
      ? []
      : [
          h('p', {}, l10n.t('with these statements:')),
          h(
            'ul',
            { class: 'edits' },
            ...edits.map((edit) =>
              h('li', {}, h('span', { class: 'mono' }, statement(edit)), ` ${formatDelta(edit.bytes)}, ${pace(edit, now.time)}`),
            ),
          ),
        ]),
    h(
      'p',
      {},
      beyondHost
        ? l10n.t(
            'With more offloaded, {0} would do, and {1} in the host’s memory, more than it has.',
            formatBytes(beyondHost.peak),
            formatBytes(beyondHost.cpu),
          )
        : '',
      ' ',
      l10n.t('A card with more memory, a smaller batch or a shorter sequence is needed.'),
    ),
  ];
}
