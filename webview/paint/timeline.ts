/** Paints the timeline: areas, phases, the usable line, the peak, the cursor and a pinned moment. */
import { area, curveStepAfter, type Selection, select } from 'd3';
import { formatBytes } from '../format';
import { type TimelineChart, xOf } from '../layout/timeline';

type Root = Selection<SVGSVGElement, unknown, null, undefined>;
type Area = TimelineChart['areas'][number];

export function paintTimeline(svg: SVGSVGElement, chart: TimelineChart): void {
  const { plot } = chart;
  const root = size(svg, chart);
  paintAreas(layer(root, 'areas'), chart);
  const grid = layer(root, 'grid').attr('aria-hidden', 'true');
  grid
    .selectAll('line')
    .data(chart.ticks)
    .join('line')
    .attr('x1', plot.left)
    .attr('x2', plot.right)
    .attr('y1', (tick) => tick.y)
    .attr('y2', (tick) => tick.y);
  grid
    .selectAll('text')
    .data(chart.ticks)
    .join('text')
    .attr('x', plot.left - 6)
    .attr('y', (tick) => tick.y + 4)
    .attr('text-anchor', 'end')
    .text((tick) => (tick.bytes === 0 ? '0' : formatBytes(tick.bytes).replace(/\.0+ /, ' ')));
  const phases = layer(root, 'phases')
    .selectAll<SVGGElement, TimelineChart['phases'][number]>('g')
    .data(chart.phases)
    .join((enter) => {
      const phase = enter.append('g');
      phase.append('line');
      phase.append('text');
      return phase;
    })
    .attr('transform', (phase) => `translate(${phase.x},0)`);
  phases
    .select('line')
    .attr('y1', plot.top - 16)
    .attr('y2', plot.bottom);
  phases
    .select('text')
    .attr('x', 5)
    .attr('y', plot.top - 8)
    .text((phase) => (phase.width > phase.name.length * 7 + 8 ? phase.name : ''));
  const usable = layer(root, 'usable')
    .selectAll<SVGGElement, NonNullable<TimelineChart['usable']>>('g')
    .data(chart.usable ? [chart.usable] : [])
    .join((enter) => {
      const line = enter.append('g').attr('class', 'mark');
      line.append('line');
      line.append('text');
      return line;
    });
  usable
    .select('line')
    .attr('x1', plot.left)
    .attr('x2', plot.right)
    .attr('y1', (line) => line.y)
    .attr('y2', (line) => line.y);
  usable
    .select('text')
    .attr('x', plot.right - 4)
    .attr('y', (line) => line.y - 5)
    .attr('text-anchor', 'end')
    .text((line) => `usable ${formatBytes(line.bytes)}`);
  layer(root, 'peak')
    .selectAll('path')
    .data(chart.peak ? [chart.peak] : [])
    .join('path')
    .attr('d', 'M0,0l-5,-9h10z')
    .attr('transform', (peak) => `translate(${peak.x},${peak.y - 1})`);
}

/** Vertical lines at the moment under inspection and the pinned one. */
export function paintMoments(
  svg: SVGSVGElement,
  chart: TimelineChart,
  moments: readonly { name: string; point: number }[],
): void {
  const { plot, range } = chart;
  layer(select(svg) as unknown as Root, 'moments')
    .selectAll<SVGLineElement, (typeof moments)[number]>('line')
    .data(
      moments.filter(({ point }) => point >= range.from && point < range.to),
      (moment) => moment.name,
    )
    .join('line')
    .attr('class', (moment) => moment.name)
    .attr('x1', (moment) => xOf(chart, moment.point))
    .attr('x2', (moment) => xOf(chart, moment.point))
    .attr('y1', plot.top)
    .attr('y2', plot.bottom);
}

/** The whole step in small, with the stretch that is on show. */
export function paintMinimap(svg: SVGSVGElement, chart: TimelineChart, shown: { from: number; to: number }): void {
  const root = size(svg, chart);
  paintAreas(layer(root, 'areas'), chart);
  const left = xOf(chart, shown.from - 0.5);
  layer(root, 'window')
    .selectAll('rect')
    .data([null])
    .join('rect')
    .attr('x', left)
    .attr('width', Math.max(3, xOf(chart, shown.to - 0.5) - left))
    .attr('y', 0.5)
    .attr('height', chart.height - 1);
}

function size(svg: SVGSVGElement, { width, height }: TimelineChart): Root {
  return select(svg).attr('width', width).attr('height', height).attr('viewBox', `0 0 ${width} ${height}`) as unknown as Root;
}

function paintAreas(g: Selection<SVGGElement, null, SVGSVGElement, unknown>, { areas }: TimelineChart): void {
  const shape = area<Area['points'][number]>()
    .x((point) => point.x)
    .y0((point) => point.y0)
    .y1((point) => point.y1)
    .curve(curveStepAfter);
  g.selectAll<SVGPathElement, Area>('path')
    .data(areas, (one) => one.category)
    .join('path')
    .attr('class', (one) => `segment category-${one.category}`)
    .attr('d', (one) => shape(one.points));
}

function layer(root: Root, name: string): Selection<SVGGElement, null, SVGSVGElement, unknown> {
  return root.selectAll<SVGGElement, null>(`g.${name}`).data([null]).join('g').attr('class', name);
}
