/** Plans of a file against one another: which ones, side by side on one scale, as a difference, and as a table. */
import * as l10n from '@vscode/l10n';
import type { Estimate } from '../../src/protocol';
import { type CheckControl, checkbox } from '../controls';
import { h } from '../dom';
import { formatBytes, formatDelta, formatExact, formatRelative, formatSeconds } from '../format';
import { barOf, layoutBars } from '../layout/bars';
import { layoutDifference } from '../layout/difference';
import { STACK } from '../layout/waterfall';
import { paintBars } from '../paint/bars';
import { paintDifference } from '../paint/difference';
import { picture } from '../paint/svg';
import { scroller } from './table';

export interface CompareView {
  element: HTMLElement;
  svg: SVGSVGElement;
  show(estimates: readonly Estimate[], selected: string, width: number): void;
  /** Plans that are looked at, as of the last `show`. */
  chosen(): readonly Estimate[];
}

export function createCompare(onSelect: (plan: string) => void, onChoose: () => void): CompareView {
  const svg = picture('compare');
  const differenceSvg = picture('difference');
  const chooser = h('fieldset', { class: 'chooser' }, h('legend', {}, l10n.t('Plans')));
  const difference = h('div', { class: 'block' });
  const base = h('span', { class: 'mono' });
  difference.append(h('h3', {}, l10n.t('Difference to '), base), differenceSvg);
  const table = scroller(l10n.t('The plans of this file'));
  const element = h('section', { 'aria-label': l10n.t('Plans of this file') }, chooser, svg, difference, table);
  const boxes = new Map<string, CheckControl>();
  const left = new Set<string>();
  let looked: readonly Estimate[] = [];

  const choose = (estimates: readonly Estimate[], selected: string) => {
    for (const [name, { element: box }] of boxes)
      if (!estimates.some((one) => one.name === name)) {
        box.remove();
        boxes.delete(name);
        left.delete(name);
      }
    for (const { name } of estimates) {
      let box = boxes.get(name);
      if (!box) {
        box = checkbox({
          label: name,
          onChange(checked) {
            if (checked) left.delete(name);
            else left.add(name);
            onChoose();
          },
        });
        boxes.set(name, box);
        chooser.append(box.element);
      }
      // The plan on show is what the others are compared to.
      if (name === selected) left.delete(name);
      box.element.toggleAttribute('disabled', name === selected);
      box.set(!left.has(name));
    }
    return estimates.filter(({ name }) => !left.has(name));
  };

  return {
    element,
    svg,
    chosen: () => looked,
    show(estimates, selected, width) {
      looked = choose(estimates, selected);
      chooser.hidden = estimates.length < 2;
      paintBars(svg, layoutBars(looked.map(barOf), width), {
        label: l10n.t('The plans of this file'),
        attribute: 'data-plan',
        lit: selected,
        onSelect,
      });
      const own = looked.find(({ name }) => name === selected);
      const others = looked.filter((one) => one !== own);
      difference.hidden = !own || others.length === 0;
      table.replaceChildren();
      if (!own) return;
      base.textContent = own.name;
      if (others.length > 0) paintDifference(differenceSvg, layoutDifference(own, others, width), own.name);
      table.replaceChildren(differences(looked, own));
    },
  };
}

/** A row a quantity, a column a plan; under each number of another plan its difference to `base`. */
function differences(estimates: readonly Estimate[], base: Estimate): HTMLElement {
  const quantities: [string, (one: Estimate) => number][] = [
    [l10n.t('on the card'), (one) => one.peak.device],
    [l10n.t('peak'), (one) => one.peak.allocated],
    ...STACK.map((category): [string, (one: Estimate) => number] => [category, (one) => one.categories[category]]),
  ];
  const cell = (words: string, difference: string, exact: string | null) =>
    h('td', { class: 'number', title: exact }, words, h('small', {}, difference));
  const rows = quantities
    .filter(([, read]) => estimates.some((one) => read(one) > 0))
    .map(([name, read]) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, name),
        ...estimates.map((one) => {
          const value = read(one);
          return cell(formatBytes(value), one === base ? '' : formatDelta(value - read(base)), `${formatExact(value)} B`);
        }),
      ),
    );
  const time = h(
    'tr',
    {},
    h('th', { scope: 'row' }, l10n.t('time per step')),
    ...estimates.map((one) => {
      const relative = one === base ? null : formatRelative(base.time.step, one.time.step);
      return cell(formatSeconds(one.time.step), relative ?? '', null);
    }),
  );
  const head = estimates.map((one) => h('th', { scope: 'col', class: 'number mono' }, one.name));
  return h(
    'table',
    { class: 'differences' },
    estimates.length > 1
      ? h('caption', {}, l10n.t('Small figures: the difference to '), h('span', { class: 'mono' }, base.name))
      : null,
    h('thead', {}, h('tr', {}, h('td', {}), ...head)),
    h('tbody', {}, ...rows, time),
  );
}
