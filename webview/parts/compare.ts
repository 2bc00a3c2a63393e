/** The plans of a file against one another: bars on one scale, and a table with the difference to the plan on show. */
import type { Estimate } from '../../src/protocol';
import { h } from '../dom';
import { formatBytes, formatDelta, formatExact, formatRelative, formatSeconds } from '../format';
import { layoutCompare } from '../layout/compare';
import { STACK } from '../layout/waterfall';
import { paintCompare } from '../paint/compare';

export interface CompareView {
  element: HTMLElement;
  show(estimates: readonly Estimate[], selected: string, width: number): void;
}

export function createCompare(onSelect: (plan: string) => void): CompareView {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'compare');
  const table = h('div', { class: 'table' });
  const element = h('section', { 'aria-label': 'Plans of this file' }, svg, table);
  return {
    element,
    show(estimates, selected, width) {
      paintCompare(svg, layoutCompare(estimates, width), selected, onSelect);
      const base = estimates.find(({ name }) => name === selected);
      table.replaceChildren(...(base ? [differences(estimates, base)] : []));
    },
  };
}

/** A row a quantity, a column a plan; under each number of another plan its difference to `base`. */
function differences(estimates: readonly Estimate[], base: Estimate): HTMLElement {
  const quantities: [string, (one: Estimate) => number][] = [
    ['on the card', (one) => one.peak.device],
    ['peak', (one) => one.peak.allocated],
    ...STACK.map((category): [string, (one: Estimate) => number] => [category, (one) => one.categories[category]]),
  ];
  const rows = quantities
    .filter(([, read]) => estimates.some((one) => read(one) > 0))
    .map(([name, read]) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, name),
        ...estimates.map((one) => {
          const value = read(one);
          const difference = one === base ? '' : formatDelta(value - read(base));
          return h('td', { class: 'number', title: `${formatExact(value)} B` }, formatBytes(value), h('small', {}, difference));
        }),
      ),
    );
  const time = h(
    'tr',
    {},
    h('th', { scope: 'row' }, 'time per step'),
    ...estimates.map((one) =>
      h(
        'td',
        { class: 'number' },
        formatSeconds(one.time.step),
        h('small', {}, one === base ? '' : (formatRelative(base.time.step, one.time.step) ?? '')),
      ),
    ),
  );
  const head = estimates.map((one) => h('th', { scope: 'col', class: 'number mono' }, one.name));
  return h(
    'table',
    { class: 'differences' },
    h('caption', {}, 'Small figures: the difference to ', h('span', { class: 'mono' }, base.name)),
    h('thead', {}, h('tr', {}, h('td', {}), ...head)),
    h('tbody', {}, ...rows, time),
  );
}
