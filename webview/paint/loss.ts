/** Paints loss curves: one line a configuration, told apart by colour, dash and a name at its end. */
import { line, type Selection, select } from 'd3';
import type { Curve, LossChart } from '../layout/loss';

export function paintLoss(svg: SVGSVGElement, chart: LossChart): void {
  const root = select(svg)
    .attr('width', chart.width)
    .attr('height', chart.height)
    .attr('viewBox', `0 0 ${chart.width} ${chart.height}`);
  const grid = part(root, 'grid').attr('aria-hidden', 'true');
  grid
    .selectAll('line')
    .data(chart.y)
    .join('line')
    .attr('x1', chart.plot.left)
    .attr('x2', chart.plot.right)
    .attr('y1', (tick) => tick.at)
    .attr('y2', (tick) => tick.at);
  grid
    .selectAll('text')
    .data([
      ...chart.y.map(({ value, at }) => ({ words: String(value), x: chart.plot.left - 6, y: at + 4, anchor: 'end' })),
      ...chart.x.map(({ value, at }) => ({
        words: value === 0 ? 'step 0' : String(value),
        x: at,
        y: chart.plot.bottom + 16,
        anchor: 'middle',
      })),
    ])
    .join('text')
    .attr('x', (text) => text.x)
    .attr('y', (text) => text.y)
    .attr('text-anchor', (text) => text.anchor)
    .text((text) => text.words);
  const path = line<Curve['points'][number]>(
    (point) => point.x,
    (point) => point.y,
  );
  part(root, 'curves')
    .selectAll<SVGPathElement, Curve>('path')
    .data(chart.curves, (curve) => curve.label)
    .join('path')
    .attr('class', (_, index) => `curve curve-${index % 4}`)
    .attr('data-label', (curve) => curve.label)
    .attr('d', (curve) => path(curve.points));
}

function part(
  root: Selection<SVGSVGElement, unknown, null, undefined>,
  name: string,
): Selection<SVGGElement, null, SVGSVGElement, unknown> {
  return root.selectAll<SVGGElement, null>(`g.${name}`).data([null]).join('g').attr('class', name);
}
