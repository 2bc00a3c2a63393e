/** The plan's answer in words and numbers: the verdict, and the facts under it. */
import * as l10n from '@vscode/l10n';
import type { Estimate } from '../../src/protocol';
import { h, icon } from '../dom';
import { formatBytes, formatCount, formatRange, formatSeconds } from '../format';
import type { Budget, Part } from '../layout/budget';
import { momentWords } from './card';

const VERDICTS = {
  fits: { kind: 'good', icon: 'pass', words: (device: string) => l10n.t('Fits {0}', device) },
  tight: { kind: 'tight', icon: 'warning', words: (device: string) => l10n.t('Tight on {0}', device) },
  exceeds: { kind: 'bad', icon: 'fail', words: (device: string) => l10n.t('Does not fit {0}', device) },
} as const;

/** `tried`: the estimate is of changes that are not written. `help` is what can be done about a plan that does not fit. */
export function verdict(estimate: Estimate, tried: boolean, help: HTMLElement): HTMLElement {
  const { device, usable, fits, fit, peak } = estimate;
  const { kind, icon: picture, words } = VERDICTS[fit];
  const margin = formatBytes(Math.abs(usable - peak.device));
  const room = fits ? l10n.t(', with {0} to spare', margin) : l10n.t(': {0} over the usable {1}', margin, formatBytes(usable));
  const slack = fit === 'tight' ? l10n.t('; it fits only while the allocator’s slack stays small') : '';
  const sentence = h('span', {}, tried ? l10n.t('With what is tried: ') : null, h('b', {}, words(device)), room + slack);
  return h(
    'p',
    { class: `verdict ${kind}`, 'data-fits': String(fits), 'data-fit': fit },
    icon(picture),
    sentence,
    fit === 'fits' ? null : help,
  );
}

export function facts(estimate: Estimate): HTMLElement {
  const { peak, time, parameters } = estimate;
  const rate = formatCount(Math.round(time.tokensPerSecond));
  const share = parameters.total > 0 ? (parameters.trainable / parameters.total) * 100 : 0;
  const list: [string, string, string][] = [
    [l10n.t('Peak'), formatBytes(peak.allocated), momentWords(estimate.peakAt)],
    [l10n.t('On the card'), formatBytes(peak.device), formatRange(...peak.range)],
    [
      l10n.t('Step'),
      formatSeconds(time.step),
      time.calibrated
        ? l10n.t('{0} tokens/s, calibrated on {1}', rate, time.calibrated.adapter)
        : l10n.t('{0} tokens/s, uncalibrated', rate),
    ],
    [
      l10n.t('Trained'),
      formatCount(parameters.trainable),
      share >= 99.95 ? l10n.t('every parameter') : l10n.t('{0} % of {1}', share.toPrecision(2), formatCount(parameters.total)),
    ],
  ];
  return h(
    'dl',
    { class: 'facts' },
    ...list.map(([name, value, note]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('b', {}, value), h('small', {}, note)))),
  );
}

const PART_TITLES: { [part in Part]?: string } = {
  allocator: l10n.t('held by the allocator beyond the live bytes'),
  context: l10n.t('the driver’s context and library workspaces'),
};

/** Below this share of the whole a part cannot be seen in a picture, and is not named beside it; tables have it. */
const SEEN = 1 / 2000;
export const isSeen = (bytes: number, whole: number): boolean => bytes >= whole * SEEN;

/** The parts of the card's bar with their sizes. */
export function legend({ parts }: Budget): HTMLElement {
  const whole = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return h(
    'ul',
    { class: 'legend', 'aria-label': l10n.t('At the peak') },
    ...parts
      .filter(({ bytes }) => isSeen(bytes, whole))
      .map(({ part, bytes }) =>
        h(
          'li',
          { title: PART_TITLES[part] },
          h('span', { class: `swatch category-${part}` }),
          part,
          h('b', {}, formatBytes(bytes)),
        ),
      ),
    h('li', { title: l10n.t('between which bytes the truth lies on the card') }, icon('range'), l10n.t('likely range')),
  );
}
