/** What every picture begins with. */
import { type Selection, select } from 'd3';
import { formatBytes } from '../format';
import { place, prepare } from './motion';

export type Root = Selection<SVGSVGElement, unknown, null, undefined>;
export type Layer = Selection<SVGGElement, null, SVGSVGElement, unknown>;

/** An empty picture; `name` is its class. */
export function picture(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', name);
  return svg;
}

/** The picture at its size. */
export function sized(svg: SVGSVGElement, { width, height }: { width: number; height: number }): Root {
  prepare(svg, width);
  return select(svg).attr('width', width).attr('height', height).attr('viewBox', `0 0 ${width} ${height}`) as unknown as Root;
}

/** The group of `name` in the picture, made once. */
export function layer(root: Root, name: string): Layer {
  return root.selectAll<SVGGElement, null>(`g.${name}`).data([null]).join('g').attr('class', name);
}

export interface Tick {
  bytes: number;
  x: number;
}

/** Width of a character of an axis, on the safe side. */
const TICK_CHARACTER = 6.6;

/** Vertical lines of an axis in bytes with their words below. */
export function byteAxis(
  root: Root,
  ticks: readonly Tick[],
  { top, bottom, width }: { top: number; bottom: number; width: number },
): void {
  const groups = layer(root, 'grid')
    .attr('aria-hidden', 'true')
    .selectAll<SVGGElement, Tick>('g')
    .data(ticks, (tick) => tick.bytes)
    .join((enter) => {
      const tick = enter.append('g');
      tick.append('line');
      tick.append('text');
      return tick;
    })
    .call(place, { transform: (tick: Tick) => `translate(${Math.round(tick.x) + 0.5},0)` });
  groups.select('line').attr('y1', top).attr('y2', bottom);
  groups
    .select('text')
    .attr('y', bottom + 16)
    .attr('text-anchor', (tick) => {
      const half = (tickWords(tick.bytes).length * TICK_CHARACTER) / 2;
      return tick.x < half ? 'start' : tick.x > width - half ? 'end' : 'middle';
    })
    .text((tick) => tickWords(tick.bytes));
}

/** `32 GiB`: round numbers need no digits behind the point. */
export function tickWords(bytes: number): string {
  return bytes === 0 ? '0' : formatBytes(bytes).replace(/\.0+ /, ' ');
}

/** A press by mouse, Enter or Space on what is drawn. */
export function onPress<T>(
  groups: Selection<SVGGElement, T, SVGGElement | SVGSVGElement, unknown>,
  press: (datum: T) => void,
): void {
  groups
    .on('click', (_, datum) => press(datum))
    .on('keydown', (event: KeyboardEvent, datum) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      press(datum);
    });
}

/** A level line with an end at either side: between them the truth lies. */
export const whisker = (from: number, to: number, y: number): string => `M${from},${y - 3}v6M${from},${y}H${to}M${to},${y - 3}v6`;
