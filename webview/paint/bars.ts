/** Paints bars under one another. */
import { select } from 'd3';
import type { BarRow, Bars } from '../layout/bars';
import { hatch } from './hatch';
import { place } from './motion';
import { MARGIN, paintRows, paintSegments } from './rows';
import { byteAxis, layer, onPress, sized } from './svg';

export interface BarsOptions {
  /** What the bars are, for assistive tools. */
  label: string;
  /** Attribute that carries a bar's name. */
  attribute: string;
  /** The bar that stands out. */
  lit: string | null;
  /** Absent: bars are read only. */
  onSelect?: (name: string) => void;
}

export function paintBars(svg: SVGSVGElement, bars: Bars, { label, attribute, lit, onSelect }: BarsOptions): void {
  const root = sized(svg, bars);
  root.attr('role', onSelect ? 'group' : 'list').attr('aria-label', label);
  hatch(root);
  byteAxis(root, bars.ticks, { ...bars.plot, width: bars.width });
  const rows = paintRows(root, bars.rows, ({ words: [strong, weak] }) => [strong, weak === '' ? '' : ` · ${weak}`])
    .classed('reachable', onSelect !== undefined)
    .classed('lit', (row) => row.name === lit)
    .attr(attribute, (row) => row.name)
    .attr('data-bytes', (row) => row.total)
    .attr('role', onSelect ? 'button' : 'listitem')
    .attr('tabindex', onSelect ? 0 : null)
    // A name of its own would have to repeat what is written.
    .attr('aria-label', (row) => (onSelect ? null : `${row.name}: ${row.words.join(', ')}`))
    .attr('aria-pressed', (row) => (onSelect ? String(row.name === lit) : null));
  if (onSelect) onPress(rows, (row) => onSelect(row.name));
  rows.select('text.value').classed('over-budget', (row) => row.over !== null);
  rows.each(function (row) {
    paintFrames(this, bars.width, row.barY - row.y + row.barHeight + 8);
    paintBar(this.querySelector('g.bar'), row);
  });
  layer(root, 'grid').lower();
}

/** What is behind a row, and around it while it has the focus. */
function paintFrames(row: SVGGElement, width: number, height: number): void {
  const frames = select(row)
    .selectAll<SVGRectElement, string>('rect.frame')
    .data(['hit', 'focus'])
    .join('rect')
    .attr('class', (name) => `frame ${name}`)
    .attr('x', -MARGIN)
    .attr('width', width + 2 * MARGIN)
    .attr('y', -2)
    .attr('height', height)
    .attr('rx', 3);
  frames.filter('.hit').lower();
}

function paintBar(bar: Element | null, row: BarRow): void {
  const top = row.barY - row.y;
  paintSegments(bar, row.segments, { y: top, height: row.barHeight });
  const extras = [
    ...(row.held > 0 ? [{ name: 'held', ...row.rest }] : []),
    ...(row.over ? [{ name: 'over', ...row.over }] : []),
    { name: 'limit', x: row.limitX - 1, width: 2 },
  ];
  const rects = select(bar)
    .selectAll<SVGRectElement, (typeof extras)[number]>('rect.extra')
    .data(extras, (extra) => extra.name)
    .join('rect')
    .attr('class', (extra) => `extra ${extra.name}`);
  place(rects, {
    x: (extra) => extra.x,
    y: (extra) => (extra.name === 'limit' ? top - 3 : top),
    width: (extra) => Math.max(extra.width, 0.5),
    height: (extra) => (extra.name === 'limit' ? row.barHeight + 6 : row.barHeight),
  });
}
