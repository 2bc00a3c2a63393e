/** Paints a sweep: a curve a plan, hollow where it does not fit, and where each crosses the usable memory. */
import * as l10n from '@vscode/l10n';
import { line } from 'd3';
import type { Unit } from '../../src/protocol';
import { formatQuantity } from '../format';
import type { SweepChart, SweepPoint } from '../layout/sweep';
import { paintAxes, paintLimits, paintWords } from './axes';
import { place } from './motion';
import { layer, sized } from './svg';

type Curve = SweepChart['curves'][number];

export function paintSweep(svg: SVGSVGElement, chart: SweepChart, { path, unit }: { path: string; unit?: Unit }): void {
  const root = sized(svg, chart);
  const words = (value: number) => formatQuantity(value, unit);
  const crossings = chart.curves.flatMap(({ plan, crossing }) =>
    crossing ? [l10n.t('{0} fits up to {1}', plan, words(crossing.value))] : [],
  );
  root
    .attr('role', 'img')
    .attr(
      'aria-label',
      [l10n.t('Bytes on the card over {0}', path) + (chart.log ? l10n.t(', upwards by factors') : ''), ...crossings].join('; '),
    );
  paintAxes(root, chart, words);
  const shape = line<SweepPoint>(
    (point) => point.x,
    (point) => point.y,
  );
  layer(root, 'curves')
    .selectAll<SVGPathElement, Curve>('path')
    .data(chart.curves, ({ plan }) => plan)
    .join('path')
    .attr('class', (_, index) => `curve curve-${index % 4}`)
    .call(place, { d: ({ points }: Curve) => shape(points) ?? '' });
  const curves = layer(root, 'points')
    .selectAll<SVGGElement, Curve>(':scope > g')
    .data(chart.curves, ({ plan }) => plan)
    .join('g');
  curves.attr('class', (_, index) => `curve-${index % 4}`);
  curves
    .selectAll<SVGCircleElement, SweepPoint>('circle')
    .data(
      ({ points }) => points,
      ({ value }) => value,
    )
    .join('circle')
    .attr('class', (point) => (point.fits ? 'dot' : 'dot exceeds'))
    .attr('r', 3.5)
    .call(place, { cx: (point: SweepPoint) => point.x, cy: (point: SweepPoint) => point.y });
  curves
    .selectAll<SVGGElement, SweepPoint>('g.crossing')
    .data(({ crossing }) => (crossing ? [crossing] : []))
    .join((enter) => {
      const mark = enter.append('g').attr('class', 'crossing');
      mark.append('line');
      mark.append('path').attr('d', 'M0,-6L6,0L0,6L-6,0Z');
      return mark;
    })
    .attr('data-crossing', (point) => point.value)
    .call(place, { transform: (point: SweepPoint) => `translate(${point.x},${point.y})` })
    .call((marks) => place(marks.select<SVGLineElement>('line'), { y2: (point) => chart.plot.bottom - point.y }));
  paintLimits(root, chart.plot, chart.limits);
  layer(root, 'points').raise();
  paintWords(
    root,
    'crossing-words',
    chart.curves.flatMap(({ crossing }) => crossing?.words ?? []),
  );
}
