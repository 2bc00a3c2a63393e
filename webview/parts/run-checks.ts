/** Checks with limits and verdicts; bytes predicted, counted and measured. */
import * as l10n from '@vscode/l10n';
import type { RunEvent } from '../../src/protocol';
import { h, icon } from '../dom';
import { formatBytes, formatExact, formatMeasure } from '../format';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

type Check = EventOf<'check'>;

/** A body of rows for each technique, in the order in which they came. */
export function checks(list: readonly Check[]): HTMLElement {
  const techniques = [...new Set(list.map(({ technique }) => technique))];
  const titles = [l10n.t('What was checked'), l10n.t('Verdict'), l10n.t('Measured'), l10n.t('Limit')];
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Checks')),
    h(
      'table',
      { class: 'checks stacks' },
      h('thead', {}, h('tr', {}, ...titles.map((name, i) => h('th', { scope: 'col', class: i > 1 ? 'number' : null }, name)))),
      ...techniques.map((technique) =>
        group(
          technique,
          list.filter((check) => check.technique === technique),
          titles,
        ),
      ),
    ),
  );
}

function group(technique: string, list: readonly Check[], titles: readonly string[]): HTMLElement {
  const passed = list.filter((check) => check.passed).length;
  const count =
    passed === list.length ? l10n.t('{0} passed', passed) : l10n.t('{0} of {1} failed', list.length - passed, list.length);
  return h(
    'tbody',
    {},
    h(
      'tr',
      { class: 'group' },
      h('th', { scope: 'rowgroup', colspan: titles.length }, h('span', { class: 'mono' }, technique), h('small', {}, count)),
    ),
    ...list.map((check) =>
      h(
        'tr',
        {
          'data-check': check.name,
          'data-passed': String(check.passed),
          'data-technique': check.technique,
          class: check.passed ? 'pass' : 'fail',
        },
        h('th', { scope: 'row' }, check.name, h('small', {}, check.why)),
        h(
          'td',
          { class: 'verdict-cell' },
          icon(check.passed ? 'pass' : 'fail'),
          h('span', {}, check.passed ? l10n.t('pass') : l10n.t('FAIL')),
        ),
        h('td', { class: 'number', 'data-title': titles[2] }, formatMeasure(check.measured, check.unit)),
        h('td', { class: 'number', 'data-title': titles[3] }, formatMeasure(check.limit, check.unit)),
      ),
    ),
  );
}

export function memory(list: readonly EventOf<'memory'>[]): HTMLElement {
  const some = list.some((line) => line.process !== undefined);
  const names = [l10n.t('Peak bytes'), l10n.t('Predicted'), l10n.t('Counted'), '', some ? l10n.t('Process') : ''];
  const rows = list.map((line) => {
    const equal = line.predicted === line.measured;
    const difference = line.measured - line.predicted;
    return h(
      'tr',
      {
        class: equal ? 'pass' : 'fail',
        'data-memory': line.label,
        'data-predicted': line.predicted,
        'data-measured': line.measured,
      },
      h('th', { scope: 'row' }, line.label),
      h(
        'td',
        { class: 'number', title: formatBytes(line.predicted), 'data-title': names[1] },
        `${formatExact(line.predicted)} B`,
      ),
      h('td', { class: 'number', title: formatBytes(line.measured), 'data-title': names[2] }, `${formatExact(line.measured)} B`),
      h(
        'td',
        { class: 'verdict-cell' },
        icon(equal ? 'pass' : 'fail'),
        h('span', {}, equal ? l10n.t('equal') : l10n.t('differs by {0} B', formatExact(difference))),
      ),
      h(
        'td',
        { class: 'number', 'data-title': line.process === undefined ? null : names[4] },
        line.process === undefined ? '' : formatBytes(line.process),
      ),
    );
  });
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Memory')),
    h(
      'table',
      { class: 'memory stacks' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...names.map((name, i) =>
            h(name === '' ? 'td' : 'th', { scope: name === '' ? null : 'col', class: i > 0 && i !== 3 ? 'number' : '' }, name),
          ),
        ),
      ),
      h('tbody', {}, ...rows),
    ),
  );
}
