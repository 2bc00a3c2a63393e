/** Checks with limits and verdicts; bytes predicted, counted and measured. */
import * as l10n from '@vscode/l10n';
import type { RunEvent } from '../../src/protocol';
import { h, icon } from '../dom';
import { formatBytes, formatExact, formatMeasure } from '../format';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export function checks(list: readonly EventOf<'check'>[]): HTMLElement {
  const rows = list.map((check) =>
    h(
      'tr',
      {
        'data-check': check.name,
        'data-passed': String(check.passed),
        'data-technique': check.technique,
        class: check.passed ? 'pass' : 'fail',
      },
      h('td', { class: 'verdict-cell' }, icon(check.passed ? 'pass' : 'fail'), h('span', {}, check.passed ? 'pass' : 'FAIL')),
      h(
        'th',
        { scope: 'row' },
        h('span', { class: 'mono' }, check.technique),
        h('span', { class: 'check-name' }, check.name),
        h('small', {}, check.why),
      ),
      h('td', { class: 'number' }, formatMeasure(check.measured, check.unit)),
      h('td', { class: 'number' }, formatMeasure(check.limit, check.unit)),
    ),
  );
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Checks')),
    h(
      'table',
      { class: 'checks' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['Verdict', 'What was checked', 'Measured', 'Limit'].map((name, i) =>
            h('th', { scope: 'col', class: i > 1 ? 'number' : '' }, name),
          ),
        ),
      ),
      h('tbody', {}, ...rows),
    ),
  );
}

export function memory(list: readonly EventOf<'memory'>[]): HTMLElement {
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
      h('td', { class: 'number', title: formatBytes(line.predicted) }, `${formatExact(line.predicted)} B`),
      h('td', { class: 'number', title: formatBytes(line.measured) }, `${formatExact(line.measured)} B`),
      h(
        'td',
        { class: 'verdict-cell' },
        icon(equal ? 'pass' : 'fail'),
        h('span', {}, equal ? 'equal' : `differs by ${formatExact(difference)} B`),
      ),
      h('td', { class: 'number' }, line.process === undefined ? '' : formatBytes(line.process)),
    );
  });
  const some = list.some((line) => line.process !== undefined);
  const names = ['Peak bytes', 'Predicted', 'Counted', '', some ? 'Process' : ''];
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('Memory')),
    h(
      'table',
      { class: 'memory' },
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
