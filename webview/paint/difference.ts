/** Paints plans as a difference to one of them. */
import * as l10n from '@vscode/l10n';
import { select } from 'd3';
import { formatBytes, formatDelta } from '../format';
import type { Difference, DifferenceRow } from '../layout/difference';
import { boxOf, pieces } from '../layout/words';
import { CHARACTER } from './row-words';
import { paintRows, paintSegments } from './rows';
import { byteAxis, layer, sized } from './svg';

export function paintDifference(svg: SVGSVGElement, difference: Difference, base: string): void {
  const root = sized(svg, difference);
  root.attr('role', 'list').attr('aria-label', l10n.t('Difference to {0}', base));
  byteAxis(root, difference.ticks, { ...difference.plot, width: difference.width });
  paintRows(root, difference.rows, (row) => [formatDelta(row.bytes)])
    .attr('data-difference', (row) => row.name)
    .attr('data-bytes', (row) => row.bytes)
    .attr('role', 'listitem')
    .attr('aria-label', (row) => sentence(row, base))
    .each(function ({ parts, y, barY, barHeight }) {
      const bar = this.querySelector('g.bar');
      paintSegments(bar, parts, { y: barY - y, height: barHeight });
      select(bar)
        .selectAll<SVGRectElement, DifferenceRow['parts'][number]>('rect.segment')
        .classed('less', (part) => part.bytes < 0);
    });
  const { zero, plot } = difference;
  const words = difference.rows.flatMap(({ name, bytes, y }) => [
    boxOf({ text: name, x: 0, y: y + 13, anchor: 'start' }, CHARACTER),
    boxOf({ text: formatDelta(bytes), x: difference.width, y: y + 13, anchor: 'end' }, CHARACTER),
  ]);
  layer(root, 'zero')
    .selectAll('line')
    .data(pieces(zero, plot.top, plot.bottom, words))
    .join('line')
    .attr('x1', zero)
    .attr('x2', zero)
    .attr('y1', (piece) => piece.y1)
    .attr('y2', (piece) => piece.y2);
}

function sentence({ name, bytes, parts }: DifferenceRow, base: string): string {
  const all = parts.map((part) => `${part.category} ${formatDelta(part.bytes)}`).join(', ');
  const words =
    bytes === 0
      ? l10n.t('the same peak')
      : bytes < 0
        ? l10n.t('{0} less', formatBytes(-bytes))
        : l10n.t('{0} more', formatBytes(bytes));
  return `${l10n.t('{0} against {1}', name, base)}: ${words}${all === '' ? '' : `; ${all}`}`;
}
