/** The bar of a row: parts, what was saved or added, what is over, and the words within. */
import type { Selection } from 'd3';
import type { Mark, Row, Segment } from '../layout/waterfall';
import { paintSegments } from './rows';
import { whisker } from './svg';

export function paintBars(g: Selection<SVGGElement, unknown, null, undefined>, row: Row, marks: readonly Mark[]): void {
  const top = row.barY - row.y;
  paintSegments(g.node(), row.segments, { y: top, height: row.barHeight });
  g.selectAll<SVGRectElement, NonNullable<Row['held']>>('rect.held')
    .data(row.held ? [row.held] : [])
    .join('rect')
    .attr('class', 'held')
    .attr('x', (held) => held.x)
    .attr('y', top + 0.5)
    .attr('width', (held) => Math.max(held.width - 0.5, 0.5))
    .attr('height', row.barHeight - 1);
  g.selectAll<SVGRectElement, NonNullable<Row['change']>>('rect.change')
    .data(row.change ? [row.change] : [])
    .join('rect')
    .attr('class', (change) => `change ${change.kind}`)
    .attr('x', (change) => change.x + 0.5)
    .attr('y', top + 0.5)
    .attr('width', (change) => Math.max(change.width - 1, 1))
    .attr('height', row.barHeight - 1);
  g.selectAll<SVGRectElement, NonNullable<Row['over']>>('rect.over')
    .data(row.over ? [row.over] : [])
    .join('rect')
    .attr('class', 'over')
    .attr('x', (over) => over.x)
    .attr('y', top)
    .attr('width', (over) => over.width)
    .attr('height', row.barHeight);
  g.selectAll<SVGPathElement, NonNullable<Row['band']>>('path.band')
    .data(row.band ? [row.band] : [])
    .join('path')
    .attr('class', 'band')
    .attr('d', ({ x, width }) => whisker(x, x + width, top + row.barHeight + 5));
  const usable = marks.find((mark) => mark.role === 'usable')?.x ?? 0;
  g.selectAll<SVGTextElement, Named>('text.segment-label')
    .data(
      row.segments.flatMap((segment) => named(segment, usable) ?? []),
      (segment) => segment.category,
    )
    .join('text')
    .attr('class', 'segment-label')
    .attr('aria-hidden', 'true')
    .attr('x', (segment) => segment.at)
    .attr('y', top + row.barHeight - 6)
    .text((segment) => segment.category)
    .raise();
  // The line runs behind the words; over the bars it is drawn once more.
  g.selectAll<SVGLineElement, Mark>('line.limit')
    .data(marks.filter((mark) => mark.role === 'usable'))
    .join('line')
    .attr('class', 'limit')
    .attr('x1', (mark) => mark.x)
    .attr('x2', (mark) => mark.x)
    .attr('y1', top - 3)
    .attr('y2', top + row.barHeight + 3);
}

interface Named extends Segment {
  /** Where its name begins. */
  at: number;
}

/** A part with its name in it, beyond the card's line where that runs through it; null where it has no room. */
function named(segment: Segment, line: number): Named | null {
  const { x, width, category } = segment;
  const room = category.length * 6.6 + 4;
  const at = line > x && line < x + 6 + room ? line + 5 : x + 6;
  return at + room <= x + width ? { ...segment, at } : null;
}
