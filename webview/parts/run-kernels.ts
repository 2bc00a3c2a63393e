/** Kernels by time: a bar for each configuration beside its figures. */
import * as l10n from '@vscode/l10n';
import type { RunEvent } from '../../src/protocol';
import { h, icon, setAttributes } from '../dom';
import { formatSeconds, formatShare } from '../format';
import { type KernelCell, type KernelTable, layoutKernels } from '../layout/kernels';
import { folded } from './table';

type Kernels = Extract<RunEvent, { type: 'kernels' }>;

const METHODS: { readonly [method in Kernels['method']]: string } = {
  timestamps: l10n.t('Timed by the adapter’s own clock, in a step beside those that are counted above.'),
  waits: l10n.t(
    'Timed by waiting for each kernel by itself, in a step beside those that are counted above: this adapter has no clock for passes.',
  ),
};

const FIGURES = l10n.t('The figures: seconds of one step, their share of it, and how often the kernel runs in it.');

export function kernels(list: readonly Kernels[], software: boolean): HTMLElement {
  const methods = [...new Set(list.map(({ method }) => METHODS[method]))];
  const all = folded(l10n.t('All kernels as a table'));
  all.set(() => [tableOf(layoutKernels(list, true), list, software)]);
  return h(
    'div',
    { class: 'block kernels' },
    h('h3', {}, l10n.t('Kernels by time')),
    h('p', { class: 'note' }, icon('info'), h('span', {}, [...methods, FIGURES].join(' '))),
    bars(layoutKernels(list)),
    all.element,
  );
}

/** A run of an earlier version, whose result was kept. */
export const noKernels = (): HTMLElement =>
  h(
    'div',
    { class: 'block kernels' },
    h('h3', {}, l10n.t('Kernels by time')),
    h(
      'p',
      { class: 'note' },
      icon('info'),
      h('span', {}, l10n.t('This run did not time its kernels. Run on GPU again to see them.')),
    ),
  );

function bars({ labels, rows }: KernelTable): HTMLElement {
  return h(
    'ol',
    { class: 'kernel-bars', 'aria-label': l10n.t('Kernels, the longest first') },
    ...rows.map((row) =>
      h(
        'li',
        { 'data-kernel': row.name },
        h('span', { class: row.count === 1 ? 'mono' : 'rest' }, row.name),
        h(
          'dl',
          {},
          ...labels.map((label, index) => {
            const cell = row.cells[index] ?? null;
            return h(
              'div',
              { class: `curve-${index % 4}${cell ? '' : ' absent'}`, 'data-seconds': cell?.seconds ?? 0 },
              h('dt', {}, label),
              bar(cell?.length ?? 0),
              h('dd', {}, words(cell)),
            );
          }),
        ),
      ),
    ),
  );
}

const words = (cell: KernelCell | null): string =>
  cell === null ? l10n.t('does not run') : `${formatSeconds(cell.seconds)} · ${formatShare(cell.share)} · ${runs(cell.calls)}`;

/** `36 ×`, and `0.5 ×` of what runs in every other step. */
const runs = (calls: number): string => `${Number.isInteger(calls) ? calls : Number(calls.toFixed(1))} ×`;

const SVG = 'http://www.w3.org/2000/svg';

/** Says nothing that the figures beside it do not. */
function bar(length: number): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { class: 'kernel-bar', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  const rect = document.createElementNS(SVG, 'rect');
  setAttributes(rect, { x: 0, y: 0, width: (100 * length).toFixed(2), height: 8 });
  svg.append(rect);
  return svg;
}

/** `peak`: how long the card would take at its peaks; of a software driver that says nothing. */
function tableOf({ labels, rows, seconds }: KernelTable, list: readonly Kernels[], software: boolean): HTMLTableElement {
  const device = list[0]?.peaks.device ?? '';
  const times = [l10n.t('Time'), l10n.t('Share'), l10n.t('Runs')];
  const figures = software ? times : [...times, l10n.t('Of {0}’s peak', device)];
  const atPeak = (name: string, index: number): string => {
    const kernel = list[index]?.kernels.find((one) => one.name === name);
    return kernel && kernel.seconds > 0 ? formatShare(kernel.atPeaks / kernel.seconds) : '';
  };
  const number = { class: 'number' };
  return h(
    'table',
    { class: 'kernel-table' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col', rowspan: 2 }, l10n.t('Kernel')),
        ...labels.map((label) => h('th', { scope: 'colgroup', colspan: figures.length, class: 'number' }, label)),
      ),
      h('tr', {}, ...labels.flatMap(() => figures.map((title) => h('th', { scope: 'col', ...number }, title)))),
    ),
    h(
      'tbody',
      {},
      ...rows.map(({ name, cells }) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row', class: 'mono' }, name),
          ...cells.flatMap((cell, index) => {
            const said = cell ? [formatSeconds(cell.seconds), formatShare(cell.share), runs(cell.calls)] : ['', '', ''];
            return [...said, ...(software ? [] : [atPeak(name, index)])].map((text) => h('td', number, text));
          }),
        ),
      ),
      h(
        'tr',
        { class: 'result' },
        h('th', { scope: 'row' }, l10n.t('All')),
        ...seconds.flatMap((sum) => [formatSeconds(sum), ...figures.slice(1).map(() => '')].map((text) => h('td', number, text))),
      ),
    ),
  );
}
