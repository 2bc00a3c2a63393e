/** The waterfall with its card, its table, and what is alive at the peak. */
import * as l10n from '@vscode/l10n';
import type { Place } from '../../src/protocol';
import { h } from '../dom';
import { formatBytes } from '../format';
import { layoutWaterfall, type Row } from '../layout/waterfall';
import { picture } from '../paint/svg';
import { lightRow, paintWaterfall } from '../paint/waterfall';
import type { Drawn } from '../state';
import type { Card } from './card';
import { ledgerTable } from './ledger';
import { folded } from './table';
import { waterfallTable } from './waterfall-table';

export interface WaterfallView {
  element: HTMLElement;
  svg: SVGSVGElement;
  /** `cursor`: the line of the file whose bar is lit. */
  show(drawn: Drawn, cursor: number | null, width: number): void;
}

export function createWaterfall(card: Card, reveal: (place: Place) => void): WaterfallView {
  const svg = picture('waterfall');
  const table = folded(l10n.t('The same as a table'));
  const ledger = folded(l10n.t('What is alive at the peak'));
  /** Plan whose ledger is there. */
  let explained = '';
  let shown: { drawn: Drawn; width: number } | null = null;
  /** Lights the row that is written in the cursor's line. */
  let light: (cursor: number | null) => void = () => {};
  return {
    element: h('div', {}, h('figure', { class: 'picture' }, svg), table.element, ledger.element),
    svg,
    show(drawn, cursor, width) {
      const { plan, estimate } = drawn;
      if (shown?.drawn.plan === plan && shown.drawn.estimate === estimate && shown.width === width) return light(cursor);
      shown = { drawn, width };
      card.hide();
      const layout = layoutWaterfall(estimate, width);
      const placeOf = (row: Row) => (row.kind === 'result' ? plan.place : (plan.places[row.index] ?? null));
      const lineOf = (row: Row) => placeOf(row)?.line ?? null;
      light = (line) => lightRow(svg, (row) => row.kind === 'step' && line !== null && lineOf(row) === line);
      paintWaterfall(
        svg,
        layout,
        {
          lineOf,
          device: estimate.device,
          over: estimate.fits ? null : l10n.t('{0} over the usable memory', formatBytes(estimate.peak.device - estimate.usable)),
        },
        {
          onActivate: (row) => {
            const place = placeOf(row);
            if (place) reveal(place);
          },
          onInspect: (row, bar) => (row && bar ? card.show(row, drawn, bar) : card.hide()),
        },
      );
      light(cursor);
      table.set(() => [waterfallTable(plan, layout, reveal)]);
      // Reasons come after the picture: until then those of the text before stay, dimmed.
      const { ledger: known } = plan;
      if (known) ledger.set(() => ledgerTable(known, estimate.peak.allocated));
      if (known || plan.name !== explained) ledger.element.hidden = !known;
      ledger.element.classList.toggle('stale', !known);
      if (known) explained = plan.name;
    },
  };
}
