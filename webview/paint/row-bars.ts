/** The bar of a row: parts, what was saved or added, what is over, and the words within. */
import type { Selection } from 'd3';
import type { Mark, Row, Segment, Waterfall } from '../layout/waterfall';
import { place } from './motion';
import { paintSegments } from './rows';
import { whisker } from './svg';

export function paintBars(
  g: Selection<SVGGElement, unknown, null, undefined>,
  row: Row,
  { marks, width }: Pick<Waterfall, 'marks' | 'width'>,
): void {
  const top = row.barY - row.y;
  paintSegments(g.node(), row.segments, { y: top, height: row.barHeight });
  g.selectAll<SVGRectElement, NonNullable<Row['held']>>('rect.held')
    .data(row.held ? [row.held] : [])
    .join('rect')
    .attr('class', 'held')
    .call(place, {
      x: (held: Piece) => held.x,
      y: top + 0.5,
      width: (held: Piece) => Math.max(held.width - 0.5, 0.5),
      height: row.barHeight - 1,
    });
  g.selectAll<SVGRectElement, NonNullable<Row['change']>>('rect.change')
    .data(row.change && row.change.width > 0 ? [row.change] : [])
    .join('rect')
    .attr('class', (change) => `change ${change.kind}`)
    .call(place, {
      x: (change: Piece) => change.x + 0.5,
      y: top + 0.5,
      width: (change: Piece) => Math.max(change.width - 1, 1),
      height: row.barHeight - 1,
    });
  g.selectAll<SVGRectElement, NonNullable<Row['over']>>('rect.over')
    .data(row.over && row.over.width > 0 ? [row.over] : [])
    .join('rect')
    .attr('class', 'over')
    .call(place, { x: (over: Piece) => over.x, y: top, width: (over: Piece) => over.width, height: row.barHeight });
  g.selectAll<SVGPathElement, NonNullable<Row['band']>>('path.band')
    .data(row.band ? [row.band] : [])
    .join('path')
    .attr('class', 'band')
    .call(place, { d: ({ x, width }: Piece) => whisker(x, x + width, top + row.barHeight + 5) });
  g.selectAll<SVGPathElement, number>('path.tear')
    .data(row.torn ? [width - TEAR] : [])
    .join('path')
    .attr('class', 'tear')
    .attr('d', (x) => tear(x, top - 3, row.barHeight + 6))
    .raise();
  const usable = marks.find((mark) => mark.role === 'usable')?.x ?? 0;
  g.selectAll<SVGTextElement, Named>('text.segment-label')
    .data(
      row.segments.flatMap((segment) => named(segment, usable) ?? []),
      (segment) => segment.category,
    )
    .join('text')
    .attr('class', 'segment-label')
    .attr('aria-hidden', 'true')
    .call(place, { x: (segment: Named) => segment.at, y: top + row.barHeight - 6 })
    .text((segment) => segment.category)
    .raise();
  // The line runs behind the words; over the bars it is drawn once more.
  g.selectAll<SVGLineElement, Mark>('line.limit')
    .data(marks.filter((mark) => mark.role === 'usable'))
    .join('line')
    .attr('class', 'limit')
    .call(place, { x1: (mark: Mark) => mark.x, x2: (mark: Mark) => mark.x, y1: top - 3, y2: top + row.barHeight + 3 });
}

/** Where a bar is torn, from the right end of the scale. */
const TEAR = 16;

/** A gap with jagged sides. */
function tear(x: number, y: number, height: number): string {
  const teeth = Array.from({ length: 7 }, (_, at): [x: number, y: number] => [x + (at % 2) * 4, y + (at * height) / 6]);
  const back = teeth.map(([across, down]): [number, number] => [across + 5, down]).reverse();
  return `M${[...teeth, ...back].join('L')}Z`;
}

type Piece = Pick<Segment, 'x' | 'width'>;

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
