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
  const dragged = (from: Range, pixels: number, { plot }: TimelineChart): Range =>
    shifted(from, pixels / (plot.right - plot.left));
  svg.addEventListener('wheel', (event) => {
    event.preventDefault();
    const shown = chart();
    if (!shown) return;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return look(dragged(range(), event.deltaX, shown));
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
    if (drag && Math.abs(event.clientX - drag.x) > 3) look(dragged(drag.range, drag.x - event.clientX, shown));
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

/** What keys do; `far` with Shift. */
export interface Moves {
  [key: string]: (far: boolean) => void;
}

/** Keys with other modifiers are the editor's. */
export function steerByKeys(picture: SVGSVGElement, moves: Moves): void {
  picture.addEventListener('keydown', (event) => {
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(event.shiftKey);
  });
}

/** A range as long as another, with a moment in its middle. */
export function around(moment: number, { from, to }: Range): Range {
  const half = (to - from) / 2;
  return { from: moment - half, to: moment + half };
}

/** A range of the same length, moved by a share of it. */
export function shifted({ from, to }: Range, share: number): Range {
  const step = share * (to - from);
  return { from: from + step, to: to + step };
}
