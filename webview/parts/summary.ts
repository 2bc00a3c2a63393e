/** The plan's answer in words and numbers: the verdict, and the facts under it. */
import type { Estimate } from '../../src/protocol';
import { h, icon } from '../dom';
import { formatBytes, formatCount, formatRange, formatSeconds } from '../format';
import type { Budget, Part } from '../layout/budget';
import { momentWords } from './card';

const VERDICTS = {
  fits: { kind: 'good', icon: 'pass', words: 'Fits' },
  tight: { kind: 'tight', icon: 'warning', words: 'Tight on' },
  exceeds: { kind: 'bad', icon: 'fail', words: 'Does not fit' },
} as const;

/** `tried`: the estimate is of changes that are not written. */
export function verdict(estimate: Estimate, tried = false): HTMLElement {
  const { device, usable, fits, fit, peak } = estimate;
  const { kind, icon: picture, words } = VERDICTS[fit];
  const margin = formatBytes(Math.abs(usable - peak.device));
  const room = fits ? `, with ${margin} to spare` : `: ${margin} over the usable ${formatBytes(usable)}`;
  const slack = fit === 'tight' ? `; it fits only while the allocator’s slack stays small` : '';
  const sentence = h('span', {}, tried ? 'With what is tried: ' : null, h('b', {}, `${words} ${device}`), room + slack);
  return h('p', { class: `verdict ${kind}`, 'data-fits': String(fits), 'data-fit': fit }, icon(picture), sentence);
}

export function facts(estimate: Estimate): HTMLElement {
  const { peak, time, parameters } = estimate;
  const measured = time.calibrated ? `calibrated on ${time.calibrated.adapter}` : 'uncalibrated';
  const share = parameters.total > 0 ? (parameters.trainable / parameters.total) * 100 : 0;
  const list: [string, string, string][] = [
    ['Peak', formatBytes(peak.allocated), momentWords(estimate.peakAt)],
    ['On the card', formatBytes(peak.device), formatRange(...peak.range)],
    ['Step', formatSeconds(time.step), `${formatCount(Math.round(time.tokensPerSecond))} tokens/s, ${measured}`],
    [
      'Trained',
      formatCount(parameters.trainable),
      share >= 99.95 ? 'every parameter' : `${share.toPrecision(2)} % of ${formatCount(parameters.total)}`,
    ],
  ];
  return h(
    'dl',
    { class: 'facts' },
    ...list.map(([name, value, note]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('b', {}, value), h('small', {}, note)))),
  );
}

const PART_TITLES: { [part in Part]?: string } = {
  allocator: 'held by the allocator beyond the live bytes',
  context: 'the driver’s context and library workspaces',
};

/** The parts of the card's bar with their sizes. */
export function legend(budget: Budget): HTMLElement {
  return h(
    'ul',
    { class: 'legend', 'aria-label': 'At the peak' },
    ...budget.parts.map(({ part, bytes }) =>
      h(
        'li',
        { title: PART_TITLES[part] },
        h('span', { class: `swatch category-${part}` }),
        part,
        h('b', {}, formatBytes(bytes)),
      ),
    ),
    h('li', { title: 'between which bytes the truth lies on the card' }, icon('range'), 'likely range'),
  );
}
