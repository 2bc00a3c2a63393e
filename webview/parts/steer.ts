/** How a timeline is steered: wheel and drag along the chart, the overview under it, keys. */
import { pointer } from 'd3';
import { pointAt, type Range, type TimelineChart } from '../layout/timeline';

/** What a hand may do to a timeline. */
export interface Steered {
  /** The chart as it is drawn, and the overview of the whole step; null where there is none. */
  chart(): TimelineChart | null;
  whole(): TimelineChart | null;
  range(): Range;
  look(range: Range): void;
  /** `around`: 0 the left end, 1 the right. */
  zoom(factor: number, around: number): void;
  inspect(point: number): void;
}

export function steerByPointer(
  svg: SVGSVGElement,
  map: SVGSVGElement,
  { chart, whole, range, look, zoom, inspect }: Steered,
): void {
  const shifted = ({ from, to }: Range, pixels: number, { plot }: TimelineChart): Range => {
    const step = (pixels / (plot.right - plot.left)) * (to - from);
    return { from: from + step, to: to + step };
  };
  svg.addEventListener('wheel', (event) => {
    event.preventDefault();
    const shown = chart();
    if (!shown) return;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return look(shifted(range(), event.deltaX, shown));
    const [x] = pointer(event, svg);
    const { left, right } = shown.plot;
    zoom(Math.exp(event.deltaY / 300), Math.min(1, Math.max(0, (x - left) / (right - left))));
  });
  let drag: { x: number; range: Range } | null = null;
  svg.addEventListener('pointerdown', (event) => {
    svg.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, range: range() };
  });
  svg.addEventListener('pointermove', (event) => {
    const shown = chart();
    if (!shown) return;
    if (drag && Math.abs(event.clientX - drag.x) > 3) look(shifted(drag.range, drag.x - event.clientX, shown));
    else inspect(pointAt(shown, pointer(event, svg)[0]));
  });
  svg.addEventListener('pointerup', () => {
    drag = null;
  });
  map.addEventListener('pointerdown', (event) => map.setPointerCapture(event.pointerId));
  for (const type of ['pointerdown', 'pointermove'] as const)
    map.addEventListener(type, (event) => {
      const overview = whole();
      if (overview && event.buttons !== 0) look(around(pointAt(overview, pointer(event, map)[0]), range()));
    });
}

/** Each key's move is told how many moments a step is: one, or with Shift a twentieth of what is in sight. */
export function steerByKeys(
  svg: SVGSVGElement,
  range: () => Range,
  moves: { [key: string]: (step: number) => void },
  moved: () => void,
): void {
  svg.addEventListener('keydown', (event) => {
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (!move) return;
    event.preventDefault();
    const { from, to } = range();
    move(event.shiftKey ? Math.max(1, Math.round((to - from) / 20)) : 1);
    moved();
  });
}

/** A range as long as another, with a moment in its middle. */
export function around(moment: number, { from, to }: Range): Range {
  const half = (to - from) / 2;
  return { from: moment - half, to: moment + half };
}
