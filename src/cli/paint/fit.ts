/** The ways to make a plan fit, in a terminal. */
import { formatBytes, formatChange, formatPace, formatTime } from '../../plan/format';
import type { Edit, Fit, FitPoint } from '../../planner/fit';
import type { Estimate } from '../../planner/types';
import { padStart, paint, type Style } from './style';

export function paintFit(style: Style, before: Estimate, found: Fit): string[] {
  const head = `${paint(style, 'bold', before.name)}: ${formatBytes(before.peak.device)} where ${formatBytes(before.usable)} are usable, ${formatTime(before.time.step)} a step`;
  if (found.points.length === 0) return [head, ...floorLines(style, before, found)];
  return [
    head,
    `  ${found.considered} compatible plans considered; nothing beats these in both peak and time`,
    ...found.points.flatMap((point) => ['', ...pointLines(style, before, point)]),
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
export function editText({ slot, to, bytes, seconds }: Edit): string {
  const time = formatTime(seconds);
  return `${slot} ${to}: ${formatChange(bytes)}, ${time === '0 s' ? 'same time' : seconds > 0 ? `+${time}` : time}`;
}

function floorLines(style: Style, before: Estimate, { floor, considered }: Fit): string[] {
  if (!floor) return [`  ${paint(style, 'red', 'nothing fits')}: none of ${considered} compatible plans fits the host's memory`];
  const { beyondHost } = floor;
  const smaller = beyondHost
    ? [
        `  with more offloaded, ${formatBytes(beyondHost.peak)} would do, and ${formatBytes(beyondHost.cpu)} on the host, more than it has`,
      ]
    : [];
  const parts = Object.entries(floor.categories)
    .filter(([, bytes]) => bytes > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([category, bytes]) => `${category} ${formatBytes(bytes)}`);
  return [
    `  ${paint(style, 'red', 'nothing fits')}: of ${considered} compatible plans the smallest needs ${formatBytes(floor.peak)} of tensors alone`,
    `  it is made of ${parts.join(', ')}`,
    ...floor.edits.map((edit) => `    ${editText(edit)}`),
    ...smaller,
    `  a card with more memory, a smaller batch or a shorter sequence than ${before.name} has would be needed`,
  ];
}
