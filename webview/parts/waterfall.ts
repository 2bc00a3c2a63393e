/** The waterfall with its card, its table, and what is alive at the peak. */
import * as l10n from '@vscode/l10n';
import type { Place } from '../../src/protocol';
import { button } from '../controls';
import { h, setText } from '../dom';
import { formatBytes } from '../format';
import { isFar, layoutWaterfall, type Row } from '../layout/waterfall';
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
  /** The scale ends at the card, where the plain plan is far beyond it. */
  let close = false;
  const zoom = button({
    label: l10n.t('Zoom to the card'),
    onPress: () => {
      close = !close;
      const now = shown;
      shown = null;
      if (now) show(now.drawn, now.cursor, now.width);
    },
  });
  const torn = h('p', { class: 'note', role: 'status' });
  const scale = h('div', { class: 'tools scale' }, zoom.element, torn);
  const table = folded(l10n.t('The same as a table'));
  const ledger = folded(l10n.t('What is alive at the peak'));
  /** Plan whose ledger is there. */
  let explained = '';
  let shown: { drawn: Drawn; cursor: number | null; width: number } | null = null;
  /** Lights the row that is written in the cursor's line. */
  let light: (cursor: number | null) => void = () => {};
  const show = (drawn: Drawn, cursor: number | null, width: number) => {
    const { plan, estimate } = drawn;
    if (shown?.drawn.plan === plan && shown.drawn.estimate === estimate && shown.width === width) {
      shown.cursor = cursor;
      return light(cursor);
    }
    shown = { drawn, cursor, width };
    card.hide();
    const far = isFar(estimate);
    scale.hidden = !far;
    scale.classList.toggle('whole', !close);
    zoom.set({ label: close ? l10n.t('Show the whole scale') : l10n.t('Zoom to the card') });
    setText(torn, close ? l10n.t('Torn bars go on beyond the scale; their numbers are whole.') : '');
    const layout = layoutWaterfall(estimate, width, far && close);
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
  };
  return {
    element: h('div', {}, scale, h('figure', { class: 'picture' }, svg), table.element, ledger.element),
    svg,
    show,
  };
}
