/** Paints plans as a difference to one of them. */
import { formatBytes, formatDelta } from '../format';
import type { Difference, DifferenceRow } from '../layout/difference';
import { boxOf, pieces } from '../layout/words';
import { CHARACTER } from './row-words';
import { byteAxis, layer, sized } from './svg';

export function paintDifference(svg: SVGSVGElement, difference: Difference, base: string): void {
  const root = sized(svg, difference);
  root.attr('role', 'list').attr('aria-label', `Difference to ${base}`);
  byteAxis(root, difference.ticks, { ...difference.plot, width: difference.width });
  const rows = root
    .selectAll<SVGGElement, DifferenceRow>('g.row')
    .data(difference.rows, (row) => row.name)
    .join((enter) => {
      const row = enter.append('g');
      row.append('text').attr('class', 'label');
      row.append('text').attr('class', 'value');
      row.append('g');
      return row;
    })
    .attr('class', 'row result')
    .attr('data-difference', (row) => row.name)
    .attr('data-bytes', (row) => row.bytes)
    .attr('role', 'listitem')
    .attr('aria-label', (row) => sentence(row, base))
    .attr('transform', (row) => `translate(0,${row.y})`);
  rows
    .select('text.label')
    .attr('x', 4)
    .attr('y', 13)
    .text((row) => row.name);
  rows
    .select('text.value')
    .attr('x', difference.width - 4)
    .attr('y', 13)
    .attr('text-anchor', 'end')
    .text((row) => formatDelta(row.bytes));
  rows
    .select('g')
    .selectAll<SVGRectElement, DifferenceRow['parts'][number]>('rect')
    .data(({ parts, y, barY, barHeight }) => parts.map((part) => ({ ...part, top: barY - y, barHeight })))
    .join('rect')
    .attr('class', (part) => `segment category-${part.category}${part.bytes < 0 ? ' less' : ''}`)
    .attr('x', (part) => part.x)
    .attr('y', (part) => part.top)
    .attr('width', (part) => Math.max(part.width > 3 ? part.width - 1 : part.width, 0.5))
    .attr('height', (part) => part.barHeight);
  const { zero, plot } = difference;
  const names = difference.rows.map(({ name, y }) => boxOf({ text: name, x: 4, y: y + 13, anchor: 'start' }, CHARACTER));
  layer(root, 'zero')
    .selectAll('line')
    .data(pieces(zero, plot.top, plot.bottom, names))
    .join('line')
    .attr('x1', zero)
    .attr('x2', zero)
    .attr('y1', (piece) => piece.y1)
    .attr('y2', (piece) => piece.y2);
}

function sentence({ name, bytes, parts }: DifferenceRow, base: string): string {
  const all = parts.map((part) => `${part.category} ${formatDelta(part.bytes)}`).join(', ');
  const words = bytes === 0 ? 'the same peak' : `${formatBytes(Math.abs(bytes))} ${bytes < 0 ? 'less' : 'more'}`;
  return `${name} against ${base}: ${words}${all === '' ? '' : `; ${all}`}`;
}
