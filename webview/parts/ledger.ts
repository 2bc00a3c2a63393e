/** The tensors alive at the peak, largest first, and what the figures hold for. */
import * as l10n from '@vscode/l10n';
import type { PlanView } from '../../src/protocol';
import { h, prose } from '../dom';
import { formatBytes, formatExact } from '../format';

type Ledger = NonNullable<PlanView['ledger']>;

/** The lines add up to `allocated`: what they leave is said in one more. */
export function ledgerTable({ lines, holds }: Ledger, allocated: number): Node[] {
  const rows = lines.map(({ category, name, shape, dtype, count, bytes, source }) =>
    h(
      'tr',
      { title: source },
      h('td', { class: 'number', title: `${formatExact(bytes)} B` }, formatBytes(bytes)),
      h('td', {}, h('span', { class: `swatch category-${category}` }), category),
      h('th', { scope: 'row', class: 'mono' }, name),
      h('td', { class: 'mono' }, `${count === 1 ? '' : `${formatExact(count)} × `}${dtype} [${shape.join(' × ')}]`),
    ),
  );
  const rest = allocated - lines.reduce((sum, { bytes }) => sum + bytes, 0);
  const others =
    rest > 0
      ? [h('tr', {}, h('td', { class: 'number' }, formatBytes(rest)), h('td', { colspan: 3 }, l10n.t('smaller tensors')))]
      : [];
  const head = [l10n.t('Bytes'), l10n.t('Category'), l10n.t('Tensor'), l10n.t('Count and shape')].map((title, index) =>
    h('th', { scope: 'col', class: index === 0 ? 'number' : '' }, title),
  );
  return [
    h('table', { class: 'ledger' }, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows, ...others)),
    h('ul', { class: 'holds' }, ...holds.map((line) => h('li', {}, ...prose(line)))),
  ];
}
