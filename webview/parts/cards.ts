/** Several cards: how many, which of them peaks, a bar for each that differs; and what lies beside the card. */
import * as l10n from '@vscode/l10n';
import type { Estimate } from '../../src/protocol';
import { h, setText } from '../dom';
import { formatBytes, formatExact } from '../format';
import { layoutBars, rankBars } from '../layout/bars';
import { paintBars } from '../paint/bars';
import { picture } from '../paint/svg';
import { momentWords } from './card';
import { folded, tableOf } from './table';

export interface Cards {
  element: HTMLElement;
  show(estimate: Estimate, width: number): void;
}

/** More kinds of cards than these would push the pictures out of sight. */
const FEW = 8;

export function createCards(): Cards {
  const title = h('h3');
  const svg = picture('ranks');
  const each = h('details', { class: 'as-table' }, h('summary', {}, l10n.t('Card by card')), svg);
  /** Kinds of cards on show: how many of them decides whether they are seen at first; a reader may fold them afterwards. */
  let kinds = 0;
  const table = folded(l10n.t('The cards as a table'));
  const beside = h('dl', { class: 'beside' });
  const element = h('section', { class: 'cards', 'aria-label': l10n.t('Cards') }, title, each, table.element, beside);
  return {
    element,
    show(estimate, width) {
      const { cards, ranks = [] } = estimate;
      const facts = besideFacts(estimate);
      element.hidden = !cards && facts.length === 0;
      title.hidden = !cards;
      // Cards that are all alike are the one that the card's bar shows.
      each.hidden = ranks.length < 2;
      table.element.hidden = ranks.length < 2;
      if (ranks.length !== kinds) each.open = ranks.length <= FEW;
      kinds = ranks.length;
      beside.hidden = facts.length === 0;
      beside.replaceChildren(...facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('b', {}, value)))));
      if (cards) setText(title, titleOf(cards, ranks.length));
      if (!cards || ranks.length < 2) return;
      paintBars(svg, layoutBars(rankBars(estimate), width), {
        label: l10n.t('Live bytes at the peak of each card; the line is what the usable memory leaves for them'),
        attribute: 'data-rank',
        lit: cards.peaks,
      });
      table.set(() => [ranksTable(estimate)]);
    },
  };
}

function titleOf({ count, peaks }: NonNullable<Estimate['cards']>, kinds: number): string {
  if (kinds < 2) return l10n.t('{0} cards, all alike', formatExact(count));
  return l10n.t('{0} cards; the figures are those of {1}, which peaks highest', formatExact(count), peaks);
}

function besideFacts({ cards, host }: Estimate): [string, string][] {
  const facts: [string, number, string][] = [
    [l10n.t('Sent to other cards'), cards?.sent ?? 0, l10n.t(' per step')],
    [l10n.t('In the host’s memory'), host?.cpu ?? 0, ''],
    [l10n.t('On NVMe'), host?.nvme ?? 0, ''],
    [l10n.t('Over the link to the host'), host?.moved ?? 0, l10n.t(' per step')],
    [l10n.t('Read from NVMe and written to it'), host?.drive ?? 0, l10n.t(' per step')],
  ];
  return facts.filter(([, bytes]) => bytes > 0).map(([name, bytes, per]) => [name, formatBytes(bytes) + per]);
}

function ranksTable({ ranks = [] }: Estimate): HTMLElement {
  const columns = [
    { title: l10n.t('Card') },
    { title: l10n.t('Cards'), number: true },
    { title: l10n.t('Live bytes at its peak'), number: true },
    { title: l10n.t('Peak comes in') },
  ];
  return tableOf(
    columns,
    ranks.map(({ name, count, peak, peakAt }) => [name, formatExact(count), formatBytes(peak), momentWords(peakAt)]),
  );
}
