/** Paints the timeline: areas, phases, the usable line, the peak, the cursor and a pinned moment. */
import * as l10n from '@vscode/l10n';
import { select } from 'd3';
import { formatBytes } from '../format';
import { type Area, type TimelineChart, xOf } from '../layout/timeline';
import { type Layer, layer, type Root, sized, tickWords } from './svg';

/** `peak`: words for the moment of the peak. */
export function paintTimeline(svg: SVGSVGElement, chart: TimelineChart, peak: string): void {
  const { plot } = chart;
  const root = sized(svg, chart);
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
    .text((tick) => tickWords(tick.bytes));
  paintNames(layer(root, 'names').attr('aria-hidden', 'true'), chart);
  paintPhases(layer(root, 'phases'), chart);
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
    .text((line) => line.words);
  paintPeak(layer(root, 'peak'), chart, peak);
}

function paintPhases(g: Layer, { phases, plot }: TimelineChart): void {
  const groups = g
    .selectAll<SVGGElement, TimelineChart['phases'][number]>('g')
    .data(phases)
    .join((enter) => {
      const phase = enter.append('g');
      phase.append('line');
      phase.append('text');
      return phase;
    })
    .attr('transform', (phase) => `translate(${phase.x},0)`);
  groups.select('line').attr('y1', 2).attr('y2', plot.bottom);
  groups
    .select('text')
    .attr('x', 5)
    .attr('y', 12)
    .text((phase) => (phase.width > phase.name.length * 7 + 8 ? phase.name : ''));
}

/** The mark of the peak with its moment in words, to the side that has room for them. */
function paintPeak(g: Layer, { peak, plot }: TimelineChart, words: string): void {
  const marks = g
    .selectAll<SVGGElement, NonNullable<TimelineChart['peak']>>('g')
    .data(peak ? [peak] : [])
    .join((enter) => {
      const mark = enter.append('g');
      mark.append('path').attr('d', 'M0,0l-5,-9h10z');
      mark.append('text');
      return mark;
    })
    .attr('transform', ({ x, y }) => `translate(${x},${y - 1})`);
  const right = (x: number) => x < (plot.left + plot.right) / 2;
  marks
    .select('text')
    .attr('x', ({ x }) => (right(x) ? 9 : -9))
    .attr('y', -1)
    .attr('text-anchor', ({ x }) => (right(x) ? 'start' : 'end'))
    .text(({ bytes }) => `${formatBytes(bytes)} · ${words}`);
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

/** The whole step in small. */
export function paintMinimap(svg: SVGSVGElement, chart: TimelineChart): void {
  const root = sized(svg, chart);
  paintAreas(layer(root, 'areas'), chart);
  layer(root, 'window').raise();
}

/** The stretch that is on show, in the whole step in small. */
export function paintWindow(svg: SVGSVGElement, chart: TimelineChart, shown: { from: number; to: number }): void {
  const left = xOf(chart, shown.from - 0.5);
  layer(select(svg) as unknown as Root, 'window')
    .selectAll('rect')
    .data([null])
    .join('rect')
    .attr('x', left)
    .attr('width', Math.max(3, xOf(chart, shown.to - 0.5) - left))
    .attr('y', 0.5)
    .attr('height', chart.height - 1);
}

function paintAreas(g: Layer, { areas }: TimelineChart): void {
  g.selectAll<SVGPathElement, Area>('path')
    .data(areas, ({ kind }) => kind)
    .join('path')
    .order()
    .attr('class', ({ category, shade }) => `segment category-${category ?? 'other'} shade-${shade}`)
    .attr('data-area', ({ name }) => name ?? 'other')
    .attr('d', ({ points }) => outline(points));
}

/** Names within the areas that have room for them. */
function paintNames(g: Layer, { areas }: TimelineChart): void {
  g.selectAll<SVGTextElement, Area>('text')
    .data(
      areas.filter(({ label }) => label !== null),
      ({ kind }) => kind,
    )
    .join('text')
    .attr('x', ({ label }) => label?.x ?? 0)
    .attr('y', ({ label }) => label?.y ?? 0)
    .text(({ name }) => name ?? l10n.t('other'));
}

/** The steps of an area: its upper edge forwards, its lower one back. Columns that are alike are drawn as one. */
export function outline(points: Area['points']): string {
  const [first] = points;
  if (!first) return '';
  const path: string[] = [];
  const tenth = (pixels: number) => Math.round(pixels * 10) / 10;
  let [x, y] = [tenth(first.x), tenth(first.y0)];
  let last = '';
  const go = (command: 'H' | 'V', pixels: number) => {
    const to = tenth(pixels);
    if (to === (command === 'H' ? x : y)) return;
    if (command === 'H') x = to;
    else y = to;
    // A line that goes on in the same direction takes the place of the one before.
    if (command === last) path.pop();
    last = command;
    path.push(command + to);
  };
  path.push(`M${x},${y}`);
  for (const point of points) {
    go('H', point.x);
    go('V', point.y1);
  }
  for (const point of points.toReversed()) {
    go('V', point.y0);
    go('H', point.x);
  }
  return `${path.join('')}Z`;
}
