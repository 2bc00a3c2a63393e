/** Sweeps of the plan on show, and of those it is compared with, as curves with the card's line and where they cross it. */
import * as l10n from '@vscode/l10n';
import type { FromWebview, Place, SweepCurves } from '../../src/protocol';
import { h, prose } from '../dom';
import { formatBytes, formatQuantity } from '../format';
import { layoutSweep } from '../layout/sweep';
import { picture } from '../paint/svg';
import { paintSweep } from '../paint/sweep';
import type { Drawn, State } from '../state';
import { folded, tableOf } from './table';

export interface Sweeps {
  element: HTMLElement;
  show(state: State, drawn: Drawn, others: readonly string[], width: number): void;
}

const HEIGHT = 240;

export function createSweeps(post: (message: FromWebview) => void, reveal: (place: Place) => void): Sweeps {
  const body = h('div');
  const note = h('p', { class: 'empty', role: 'status' });
  const element = h('section', { class: 'sweeps', 'aria-label': l10n.t('Sweeps') }, note, body);
  let asked = '';
  let painted: unknown = null;
  /** By what is swept: what is drawn anew goes on from where it was. */
  const pictures = new Map<string, SVGSVGElement>();
  const pictureOf = (path: string, index: number) => {
    const key = `${index} ${path}`;
    const svg = pictures.get(key) ?? picture('sweep');
    svg.setAttribute('data-sweep', path);
    pictures.set(key, svg);
    return svg;
  };
  return {
    element,
    show({ sweeps, unanswered }, { plan, version }, others, width) {
      const question = JSON.stringify([plan.name, version, others]);
      if (question !== asked) {
        asked = question;
        post({ type: 'sweeps', plan: plan.name, others: [...others] });
      }
      const known = sweeps?.plan === plan.name ? sweeps : null;
      const failed = unanswered?.question === 'sweeps' && unanswered.plan === plan.name ? unanswered.message : '';
      note.textContent = failed !== '' ? failed : l10n.t('Sweeping…');
      note.hidden = known !== null && failed === '';
      body.hidden = known === null;
      if (!known || painted === `${width}${JSON.stringify(known)}`) return;
      painted = `${width}${JSON.stringify(known)}`;
      body.replaceChildren(...known.sweeps.map((sweep, index) => curves(pictureOf(sweep.path, index), sweep, width, reveal)));
    },
  };
}

function curves(svg: SVGSVGElement, sweep: SweepCurves, width: number, reveal: (place: Place) => void): HTMLElement {
  const { path, unit, place } = sweep;
  const words = (value: number) => formatQuantity(value, unit);
  const chart = layoutSweep(sweep, Math.min(width, 760), HEIGHT);
  paintSweep(svg, chart, sweep);
  const name = place ? link(path, place, reveal) : h('span', { class: 'mono' }, path);
  const values = [...new Set(sweep.curves.flatMap(({ points }) => points.map(({ value }) => value)))].sort((a, b) => a - b);
  const columns = [{ title: path, number: true }, ...sweep.curves.map(({ plan }) => ({ title: plan, number: true }))];
  const rows = values.map((value) => [
    words(value),
    ...sweep.curves.map(({ points }) => {
      const point = points.find((one) => one.value === value);
      return point === undefined ? '' : point.fits ? formatBytes(point.device) : l10n.t('{0}, over', formatBytes(point.device));
    }),
  ]);
  const border = [l10n.t('fits up to'), ...sweep.curves.map((curve) => crossingWords(curve, words))];
  const table = folded(l10n.t('The curves as a table'));
  table.set(() => [tableOf(columns, [...rows, border])]);
  return h(
    'div',
    { class: 'block' },
    h('h3', {}, l10n.t('On the card over '), name, chart.log ? h('small', {}, ` ${l10n.t('log scale')}`) : null),
    place
      ? null
      : h(
          'p',
          { class: 'note' },
          h('span', {}, ...prose(l10n.t('The plan asks for no sweep; write `sweep sequence in [ … ]` for your own.'))),
        ),
    svg,
    h(
      'ul',
      { class: 'legend' },
      ...sweep.curves.map((curve, index) =>
        h('li', {}, h('span', { class: `stroke curve-${index % 4}` }), curve.plan, h('small', {}, fitsWords(curve, words))),
      ),
    ),
    table.element,
  );
}

type Curve = SweepCurves['curves'][number];

const fitsThroughout = ({ points, usable }: Curve): boolean => points.every(({ device }) => device <= usable);

function crossingWords(curve: Curve, words: (value: number) => string): string {
  if (curve.crossing) return words(curve.crossing.value);
  if (curve.points.length === 0) return '';
  return fitsThroughout(curve) ? l10n.t('all of them') : l10n.t('none of them');
}

/** Where a curve crosses the usable memory, for its key. */
function fitsWords(curve: Curve, words: (value: number) => string): string {
  if (curve.crossing) return l10n.t('fits up to {0}', words(curve.crossing.value));
  if (curve.points.length === 0) return '';
  return fitsThroughout(curve) ? l10n.t('fits throughout') : l10n.t('fits nowhere');
}

function link(name: string, place: Place, reveal: (place: Place) => void): HTMLElement {
  const element = h('a', { href: '#', class: 'mono' }, name);
  element.addEventListener('click', (event) => {
    event.preventDefault();
    reveal(place);
  });
  return element;
}
