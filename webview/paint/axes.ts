/** Axes of a chart with bytes upwards. */
import type { Axis, Plot } from '../layout/chart';
import type { Words } from '../layout/words';
import { place } from './motion';
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

/** Level lines with words where they have room: what a card can give. */
export function paintLimits(root: Root, { left, right }: Plot, limits: readonly { y: number; words: Words | null }[]): void {
  layer(root, 'limits')
    .attr('class', 'limits mark usable')
    .selectAll<SVGLineElement, { y: number }>('line')
    .data(limits)
    .join('line')
    .attr('x1', left)
    .attr('x2', right)
    .call(place, { y1: (line: { y: number }) => line.y, y2: (line: { y: number }) => line.y });
  paintWords(
    root,
    'limit-words',
    limits.flatMap(({ words }) => words ?? []),
  );
}

/** Words over everything that is drawn. */
export function paintWords(root: Root, name: string, words: readonly Words[]): void {
  layer(root, name)
    .attr('class', `${name} words`)
    .raise()
    .selectAll('text')
    .data(words)
    .join('text')
    .attr('x', (one) => one.x)
    .attr('y', (one) => one.y)
    .attr('text-anchor', (one) => one.anchor)
    .text((one) => one.text);
}
