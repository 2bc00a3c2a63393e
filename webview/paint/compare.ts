/** Paints the plans of a file under one another. */
import { select } from 'd3';
import { formatBytes } from '../format';
import type { Compare, CompareRow } from '../layout/compare';
import type { Segment } from '../layout/waterfall';
import { hatch } from './hatch';

const FITS = { fits: 'fits', tight: 'tight', exceeds: 'does not fit' };

export function paintCompare(svg: SVGSVGElement, compare: Compare, selected: string, onSelect: (plan: string) => void): void {
  const root = select(svg)
    .attr('width', compare.width)
    .attr('height', compare.height)
    .attr('viewBox', `0 0 ${compare.width} ${compare.height}`);
  root.attr('role', 'group').attr('aria-label', 'The plans of this file');
  hatch(root);
  const ticks = root
    .selectAll<SVGGElement, null>('g.grid')
    .data([null])
    .join('g')
    .attr('class', 'grid')
    .attr('aria-hidden', 'true')
    .selectAll<SVGGElement, Compare['ticks'][number]>('g')
    .data(compare.ticks)
    .join((enter) => {
      const tick = enter.append('g');
      tick.append('line');
      tick.append('text');
      return tick;
    })
    .attr('transform', (tick) => `translate(${Math.round(tick.x) + 0.5},0)`);
  ticks.select('line').attr('y2', compare.plot.bottom);
  ticks
    .select('text')
    .attr('y', compare.plot.bottom + 14)
    .attr('text-anchor', (tick) => (tick.bytes === 0 ? 'start' : tick.x > compare.width - 40 ? 'end' : 'middle'))
    .text((tick) => (tick.bytes === 0 ? '0' : formatBytes(tick.bytes).replace(/\.0+ /, ' ')));
  const rows = root
    .selectAll<SVGGElement, CompareRow>('g.plan')
    .data(compare.rows, (row) => row.name)
    .join((enter) => {
      const row = enter.append('g').attr('tabindex', 0).attr('role', 'button');
      row.append('rect').attr('class', 'hit');
      row.append('text').attr('class', 'label');
      row.append('text').attr('class', 'value');
      row.append('g');
      row.append('rect').attr('class', 'focus');
      return row;
    })
    .attr('class', (row) => `row plan result reachable${row.name === selected ? ' lit' : ''}`)
    .attr('data-plan', (row) => row.name)
    .attr('data-device', (row) => row.device)
    .attr('aria-pressed', (row) => String(row.name === selected))
    .attr('transform', (row) => `translate(0,${row.y})`)
    .on('click', (_, row) => onSelect(row.name))
    .on('keydown', (event: KeyboardEvent, row) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onSelect(row.name);
    });
  for (const name of ['hit', 'focus'])
    rows
      .select(`rect.${name}`)
      .attr('x', 0.5)
      .attr('width', compare.width - 1)
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
    .attr('x', compare.width - 4)
    .attr('y', 13)
    .attr('text-anchor', 'end')
    .selectAll('tspan')
    .data((row) => [` ${formatBytes(row.device)}`, ` · ${FITS[row.fit]}`])
    .join('tspan')
    .attr('class', (_, index) => (index === 0 ? 'strong' : 'weak'))
    .text((words) => words);
  rows.select<SVGGElement>('g').each(function (row) {
    paintBar(this, row);
  });
}

function paintBar(g: SVGGElement, row: CompareRow): void {
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
    { name: 'held', ...row.held },
    ...(row.over ? [{ name: 'over', ...row.over }] : []),
    { name: 'limit', x: row.usable - 1, width: 2 },
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
