/** The cards of a plan that differ, and what lies outside of them, in a terminal. */
import type { ReportedPlan } from '../../../language/server/report';
import { formatBytes, formatCount } from '../../plan/format';
import { moment } from './estimate';
import { padEnd, padStart, paint, type Style } from './style';

const INDENT = '  ';

/** A row for each distinct card, the one that peaks in bold; one line of host memory and traffic. Empty for one card alone. */
export function paintCards(style: Style, { cards, ranks = [], host }: ReportedPlan): string[] {
  const lines: string[] = [];
  if (cards) {
    const sent = cards.sent > 0 ? `, each sends ${formatBytes(cards.sent)} a step` : '';
    lines.push(`${INDENT}${formatCount(cards.count)} cards${sent}${ranks.length > 1 ? `; ${cards.peaks} peaks` : ''}`);
  }
  if (ranks.length > 1) {
    const name = Math.max(...ranks.map((rank) => rank.name.length));
    for (const rank of ranks) {
      const peaks = rank.name === cards?.peaks;
      const text = `${padEnd(rank.name, name)}  ${padStart(`× ${formatCount(rank.count)}`, 8)}  ${padStart(formatBytes(rank.peak), 10)}`;
      lines.push(
        `${INDENT}${INDENT}${paint(style, peaks ? 'bold' : undefined, text)}  ${paint(style, 'gray', moment(rank.peakAt, true))}`,
      );
    }
  }
  if (host) {
    const places = [
      ...(host.cpu > 0 ? [`${formatBytes(host.cpu)} of host memory`] : []),
      ...(host.nvme > 0 ? [`${formatBytes(host.nvme)} on a drive`] : []),
    ].join(' and ');
    const drive = host.drive === undefined ? '' : `, ${formatBytes(host.drive)} read from the drive and written to it`;
    lines.push(`${INDENT}${places}${cards ? ' for each card' : ''}, ${formatBytes(host.moved)} over its link a step${drive}`);
  }
  return lines.length > 0 ? ['', ...lines] : [];
}
