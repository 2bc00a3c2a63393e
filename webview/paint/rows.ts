/** Rows under one another: a name at the left, words at the right, and a bar below them. */
import { type Selection, select } from 'd3';
import type { Category } from '../../src/protocol';
import { place } from './motion';
import type { Root } from './svg';

/** Room beside a row, so that what frames it stands clear of its words. */
export const MARGIN = 6;

export interface PaintedRow {
  name: string;
  y: number;
}

/** The rows of a picture; `words` of each stand at its right, the first in bold. Its bar goes into `g.bar`. */
export function paintRows<T extends PaintedRow>(
  root: Root,
  data: readonly T[],
  words: (row: T) => readonly string[],
): Selection<SVGGElement, T, SVGSVGElement, unknown> {
  const width = Number(root.attr('width'));
  const rows = root
    .selectAll<SVGGElement, T>('g.row')
    .data(data, (row) => row.name)
    .join((enter) => {
      const row = enter.append('g');
      row.append('text').attr('class', 'label').attr('y', 13);
      row.append('text').attr('class', 'value').attr('y', 13).attr('text-anchor', 'end');
      row.append('g').attr('class', 'bar');
      return row;
    })
    .attr('class', 'row result');
  place(rows, { transform: (row) => `translate(0,${row.y})` });
  rows.select('text.label').text((row) => row.name);
  rows
    .select('text.value')
    .attr('x', width)
    .selectAll('tspan')
    .data((row) => words(row).filter((one) => one !== ''))
    .join('tspan')
    .attr('class', (_, index) => (index === 0 ? 'strong' : 'weak'))
    .text((one) => one);
  return rows;
}

/** The parts of a bar. A hairline between neighbours is taken from the wider side only, so that small parts stay visible. */
export function paintSegments<P extends { category: Category; x: number; width: number }>(
  bar: Element | null,
  parts: readonly P[],
  { y, height }: { y: number; height: number },
): void {
  const rects = select(bar)
    .selectAll<SVGRectElement, P>('rect.segment')
    .data(parts, (part) => part.category)
    .join('rect')
    .attr('class', (part) => `segment category-${part.category}`)
    .attr('data-category', (part) => part.category);
  const width = (part: P) => Math.max(part.width > 3 ? part.width - 1 : part.width, 0.5);
  place(rects, { x: (part) => part.x, y, width, height });
}
