/** Paints bars under one another. */
import { select } from 'd3';
import type { BarRow, Bars } from '../layout/bars';
import type { Segment } from '../layout/waterfall';
import { hatch } from './hatch';
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
  const rows = root
    .selectAll<SVGGElement, BarRow>('g.row')
    .data(bars.rows, (row) => row.name)
    .join((enter) => {
      const row = enter.append('g');
      row.append('rect').attr('class', 'hit');
      row.append('text').attr('class', 'label');
      row.append('text').attr('class', 'value');
      row.append('g');
      row.append('rect').attr('class', 'focus');
      return row;
    })
    .attr('class', (row) => `row result${onSelect ? ' reachable' : ''}${row.name === lit ? ' lit' : ''}`)
    .attr(attribute, (row) => row.name)
    .attr('data-bytes', (row) => row.total)
    .attr('role', onSelect ? 'button' : 'listitem')
    .attr('tabindex', onSelect ? 0 : null)
    // A name of its own would have to repeat what is written.
    .attr('aria-label', (row) => (onSelect ? null : `${row.name}: ${row.words.join(', ')}`))
    .attr('aria-pressed', (row) => (onSelect ? String(row.name === lit) : null))
    .attr('transform', (row) => `translate(0,${row.y})`);
  if (onSelect) onPress(rows, (row) => onSelect(row.name));
  for (const name of ['hit', 'focus'])
    rows
      .select(`rect.${name}`)
      .attr('x', 0.5)
      .attr('width', bars.width - 1)
      .attr('height', 44)
      .attr('rx', 3);
  rows
    .select('text.label')
    .attr('x', 4)
    .attr('y', 13)
    .text((row) => row.name);
  rows
    .select('text.value')
    .attr('class', (row) => `value ${row.over ? 'over-budget' : ''}`)
    .attr('x', bars.width - 4)
    .attr('y', 13)
    .attr('text-anchor', 'end')
    .selectAll('tspan')
    .data(({ words: [strong, weak] }) => [strong, weak === '' ? '' : ` · ${weak}`])
    .join('tspan')
    .attr('class', (_, index) => (index === 0 ? 'strong' : 'weak'))
    .text((words) => words);
  rows.select<SVGGElement>('g').each(function (row) {
    paintBar(this, row);
  });
  layer(root, 'grid').lower();
}

function paintBar(g: SVGGElement, row: BarRow): void {
  const top = row.barY - row.y;
  select(g)
    .selectAll<SVGRectElement, Segment>('rect.segment')
    .data(row.segments, (segment) => segment.category)
    .join('rect')
    .attr('class', (segment) => `segment category-${segment.category}`)
    .attr('x', (segment) => segment.x)
    .attr('y', top)
    .attr('width', (segment) => Math.max(segment.width > 3 ? segment.width - 1 : segment.width, 0.5))
    .attr('height', row.barHeight);
  const extras = [
    ...(row.held > 0 ? [{ name: 'held', ...row.rest }] : []),
    ...(row.over ? [{ name: 'over', ...row.over }] : []),
    { name: 'limit', x: row.limitX - 1, width: 2 },
  ];
  select(g)
    .selectAll<SVGRectElement, (typeof extras)[number]>('rect.extra')
    .data(extras, (extra) => extra.name)
    .join('rect')
    .attr('class', (extra) => `extra ${extra.name}`)
    .attr('x', (extra) => extra.x)
    .attr('y', (extra) => (extra.name === 'limit' ? top - 3 : top))
    .attr('width', (extra) => Math.max(extra.width, 0.5))
    .attr('height', (extra) => (extra.name === 'limit' ? row.barHeight + 6 : row.barHeight));
}
