/** Axes of a chart with bytes upwards. */
import type { Axis, Plot } from '../layout/chart';
import { layer, type Root, tickWords } from './svg';

export interface Axes {
  plot: Plot;
  x: readonly Axis[];
  y: readonly Axis[];
}

export function paintAxes(root: Root, { plot, x, y }: Axes, words: (value: number) => string): void {
  const grid = layer(root, 'grid').attr('aria-hidden', 'true');
  grid
    .selectAll('line')
    .data(y)
    .join('line')
    .attr('x1', plot.left)
    .attr('x2', plot.right)
    .attr('y1', (tick) => tick.at)
    .attr('y2', (tick) => tick.at);
  grid
    .selectAll('text')
    .data([
      ...y.map(({ value, at }) => ({ words: tickWords(value), x: plot.left - 6, y: at + 4, anchor: 'end' })),
      ...x.map(({ value, at }) => ({
        words: words(value),
        x: at,
        y: plot.bottom + 17,
        anchor: at > plot.right - 20 ? 'end' : 'middle',
      })),
    ])
    .join('text')
    .attr('x', (text) => text.x)
    .attr('y', (text) => text.y)
    .attr('text-anchor', (text) => text.anchor)
    .text((text) => text.words);
}

/** Level lines with words at their right end: what a card can give. */
export function paintLimits(root: Root, plot: Plot, limits: readonly { y: number; words: string }[]): void {
  const lines = layer(root, 'limits')
    .selectAll<SVGGElement, (typeof limits)[number]>('g')
    .data(limits)
    .join((enter) => {
      const line = enter.append('g').attr('class', 'mark usable');
      line.append('line');
      line.append('text');
      return line;
    });
  lines
    .select('line')
    .attr('x1', plot.left)
    .attr('x2', plot.right)
    .attr('y1', (line) => line.y)
    .attr('y2', (line) => line.y);
  lines
    .select('text')
    .attr('x', plot.left + 6)
    .attr('y', (line) => line.y - 5)
    .text((line) => line.words);
}
