/** The ways to make a plan fit, in a terminal. */
import { formatBytes, formatChange, formatCount, formatPace, formatTime } from '../../plan/format';
import { apart, NEAR } from '../../planner/apart';
import type { Edit, Fit, FitPoint } from '../../planner/fit';
import { CATEGORIES, type Estimate, PART_NAMES } from '../../planner/types';
import { padStart, paint, type Style } from './style';

export function paintFit(style: Style, before: Estimate, found: Fit): string[] {
  const { peak, usable, time, fits } = before;
  const sizes = fits
    ? `${paint(style, 'green', 'fits as it stands')}, ${formatBytes(peak.device)} of ${formatBytes(usable)}`
    : `${formatBytes(peak.device)} where ${formatBytes(usable)} are usable`;
  const head = `${paint(style, 'bold', before.name)}: ${sizes}, ${formatTime(time.step)} a step`;
  if (found.points.length === 0) return [head, ...floorLines(style, before, found)];
  const shown = apart(found.points);
  const rest = found.points.length - shown.length;
  return [
    head,
    `  of ${formatCount(found.considered)} compatible plans, those that no other beats in both peak and time`,
    ...shown.flatMap((point) => ['', ...pointLines(style, before, point)]),
    ...(rest > 0 ? ['', `  ${formatCount(rest)} more are within ${100 * NEAR} % of one of these; --json has them all`] : []),
  ];
}

function pointLines(style: Style, before: Estimate, { estimate, edits, exact }: FitPoint): string[] {
  const pace = formatPace(estimate.time.step / before.time.step);
  const kind = exact ? paint(style, 'green', 'exact') : paint(style, 'yellow', 'approximate');
  return [
    `  ${padStart(formatBytes(estimate.peak.device), 9)}  ${padStart(formatTime(estimate.time.step), 9)} a step (${pace})  ${kind}`,
    ...(edits.length === 0 ? ['             as it stands'] : edits.map((edit) => `             ${editText(edit)}`)),
  ];
}

/** `loss cut-cross-entropy: −12.7 GiB, +0.02 s`. */
function editText({ slot, to, bytes, seconds }: Edit): string {
  const time = formatTime(seconds);
  // What is left of sums in another order is no time.
  const same = Math.abs(seconds) < 1e-6;
  return `${slot} ${to}: ${formatChange(bytes)}, ${same ? 'same time' : seconds > 0 ? `+${time}` : time}`;
}

function floorLines(style: Style, before: Estimate, { floor, considered }: Fit): string[] {
  if (!floor)
    return [
      `  ${paint(style, 'red', 'nothing fits')}: none of ${formatCount(considered)} compatible plans fits the host's memory`,
    ];
  const { beyondHost } = floor;
  const smaller = beyondHost
    ? [
        `  with more offloaded, ${formatBytes(beyondHost.peak)} would do, and ${formatBytes(beyondHost.cpu)} on the host, more than it has`,
      ]
    : [];
  const parts = CATEGORIES.filter((category) => floor.categories[category] > 0)
    .toSorted((a, b) => floor.categories[b] - floor.categories[a])
    .map((category) => `${PART_NAMES[category]}, ${formatBytes(floor.categories[category])}`);
  return [
    `  ${paint(style, 'red', 'nothing fits')}: of ${formatCount(considered)} compatible plans the smallest needs ${formatBytes(floor.peak)} of tensors alone`,
    `  it is made of ${parts.join('; ')}`,
    ...floor.edits.map((edit) => `    ${editText(edit)}`),
    ...smaller,
    `  a card with more memory, a smaller batch or a shorter sequence than ${before.name} has would be needed`,
  ];
}
