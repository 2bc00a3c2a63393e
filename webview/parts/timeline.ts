/**
 * The timeline with its controls: wheel and drag, arrows, plus and minus; what is alive at the moment under the cursor,
 * and the difference to a pinned one.
 */
import { pointer } from 'd3';
import type { Timeline } from '../../src/protocol';
import { button } from '../controls';
import { h, setText } from '../dom';
import { formatBytes, formatDelta } from '../format';
import {
  clampRange,
  highest,
  layoutTimeline,
  MINIMAP_MARGIN,
  PHASE_NAMES,
  pointAt,
  type Range,
  type TimelineChart,
  totals,
  zoomRange,
} from '../layout/timeline';
import { STACK } from '../layout/waterfall';
import { paintMinimap, paintMoments, paintTimeline } from '../paint/timeline';

export interface TimelineView {
  element: HTMLElement;
  svg: SVGSVGElement;
  show(timeline: Timeline | null, usable: number, width: number): void;
}

const HEIGHT = 300;
const MINIMAP = 44;

export function createTimeline(): TimelineView {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const map = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'timeline');
  svg.setAttribute('tabindex', '0');
  svg.setAttribute('role', 'slider');
  svg.setAttribute('aria-label', 'Moment of the step');
  map.setAttribute('class', 'minimap');
  map.setAttribute('aria-hidden', 'true');
  const where = h('p', { class: 'moment', role: 'status' });
  const table = h('table', { class: 'live' });
  const waiting = h('p', { class: 'empty' }, 'Writing out the step…');
  const controls = [
    button({ label: 'Peak', onPress: () => peak() }),
    button({ label: 'Zoom in', onPress: () => zoom(0.5) }),
    button({ label: 'Zoom out', onPress: () => zoom(2) }),
    button({ label: 'Whole step', onPress: () => look({ from: 0, to: sums.length }) }),
    button({ label: 'Pin moment', onPress: () => pin() }),
  ];
  const pinControl = controls[4];
  const body = h('div', {}, h('div', { class: 'tools' }, ...controls.map(({ element }) => element)), svg, map, where, table);
  const element = h('section', { class: 'timeline-view', 'aria-label': 'Live bytes over one step' }, waiting, body);

  let timeline: Timeline | null = null;
  let sums: Float64Array = new Float64Array();
  let usable = 0;
  let width = 0;
  let range: Range = { from: 0, to: 0 };
  let chart: TimelineChart | null = null;
  let whole: TimelineChart | null = null;
  let at = 0;
  let pinned: number | null = null;
  let frame = 0;

  const draw = () => {
    frame = 0;
    if (!timeline || !whole) return;
    chart = layoutTimeline(timeline, sums, range, { width, height: HEIGHT, usable });
    paintTimeline(svg, chart);
    paintMinimap(map, whole, range);
    inspect(at);
  };
  /** One drawing a frame, however many events. */
  const soon = () => {
    if (frame === 0) frame = requestAnimationFrame(draw);
  };
  const look = (next: Range) => {
    range = clampRange(next, sums.length);
    soon();
  };
  const share = () => (range.to > range.from ? (at - range.from) / (range.to - range.from) : 0.5);
  const zoom = (factor: number, around = Math.min(1, Math.max(0, share()))) => {
    range = zoomRange(range, factor, around, sums.length);
    soon();
  };
  const peak = () => {
    at = highest(sums, { from: 0, to: sums.length });
    const span = range.to - range.from;
    if (at < range.from || at >= range.to) look({ from: at - span / 2, to: at + span / 2 });
    soon();
  };
  const pin = () => {
    pinned = pinned === null ? at : null;
    pinControl?.set({ label: pinned === null ? 'Pin moment' : 'Unpin' });
    soon();
  };
  const inspect = (point: number) => {
    at = Math.max(0, Math.min(sums.length - 1, point));
    if (!timeline || !chart) return;
    const moments = [{ name: 'cursor', point: at }, ...(pinned === null ? [] : [{ name: 'pinned', point: pinned }])];
    paintMoments(svg, chart, moments);
    const words = momentAt(timeline, at);
    setText(where, `${words}: ${formatBytes(sums[at] ?? 0)}${pinned === null ? '' : `, against ${momentAt(timeline, pinned)}`}`);
    svg.setAttribute('aria-valuemin', '0');
    svg.setAttribute('aria-valuemax', String(sums.length - 1));
    svg.setAttribute('aria-valuenow', String(at));
    svg.setAttribute('aria-valuetext', `${words}, ${formatBytes(sums[at] ?? 0)}`);
    table.replaceChildren(...rows(timeline, at, pinned));
  };

  svg.addEventListener('wheel', (event) => {
    event.preventDefault();
    if (!chart) return;
    const [x] = pointer(event, svg);
    const { plot } = chart;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const step = (event.deltaX / (plot.right - plot.left)) * (range.to - range.from);
      look({ from: range.from + step, to: range.to + step });
    } else zoom(Math.exp(event.deltaY / 300), Math.min(1, Math.max(0, (x - plot.left) / (plot.right - plot.left))));
  });
  let drag: { x: number; range: Range } | null = null;
  svg.addEventListener('pointerdown', (event) => {
    svg.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, range };
  });
  svg.addEventListener('pointermove', (event) => {
    if (!chart) return;
    if (drag && Math.abs(event.clientX - drag.x) > 3) {
      const step = ((drag.x - event.clientX) / (chart.plot.right - chart.plot.left)) * (drag.range.to - drag.range.from);
      look({ from: drag.range.from + step, to: drag.range.to + step });
    } else inspect(pointAt(chart, pointer(event, svg)[0]));
  });
  svg.addEventListener('pointerup', () => {
    drag = null;
  });
  map.addEventListener('pointerdown', (event) => map.setPointerCapture(event.pointerId));
  for (const type of ['pointerdown', 'pointermove'] as const)
    map.addEventListener(type, (event) => {
      if (!whole || event.buttons === 0) return;
      const centre = pointAt(whole, pointer(event, map)[0]);
      const span = range.to - range.from;
      look({ from: centre - span / 2, to: centre + span / 2 });
    });
  svg.addEventListener('keydown', (event) => {
    const step = event.shiftKey ? Math.max(1, Math.round((range.to - range.from) / 20)) : 1;
    const moves: { [key: string]: () => void } = {
      ArrowLeft: () => inspect(at - step),
      ArrowRight: () => inspect(at + step),
      Home: () => inspect(0),
      End: () => inspect(sums.length - 1),
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      '0': () => look({ from: 0, to: sums.length }),
      p: peak,
      Enter: pin,
    };
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (!move) return;
    event.preventDefault();
    move();
    // The moment stays in sight.
    if (at < range.from || at >= range.to) {
      const span = range.to - range.from;
      look({ from: at - span / 2, to: at + span / 2 });
    }
  });

  return {
    element,
    svg,
    show(next, limit, pixels) {
      waiting.hidden = next !== null;
      body.hidden = next === null || next.op.length === 0;
      usable = limit;
      width = pixels;
      if (next !== timeline) {
        timeline = next;
        sums = next ? totals(next) : new Float64Array();
        range = { from: 0, to: sums.length };
        at = sums.length > 0 ? highest(sums, range) : 0;
        pinned = null;
        pinControl?.set({ label: 'Pin moment' });
      }
      if (!timeline || sums.length === 0) return;
      const small = { width, height: MINIMAP, usable: Number.POSITIVE_INFINITY, margin: MINIMAP_MARGIN };
      whole = layoutTimeline(timeline, sums, { from: 0, to: sums.length }, small);
      draw();
    },
  };
}

function momentAt({ ops, op, layer, phase }: Timeline, point: number): string {
  const words = [PHASE_NAMES[phase[point] ?? 0], (layer[point] ?? -1) < 0 ? null : `layer ${layer[point]}`, ops[op[point] ?? 0]];
  return words.filter(Boolean).join(', ');
}

/** What is alive, by category; beside a pinned moment the difference too. */
function rows(timeline: Timeline, at: number, pinned: number | null): HTMLElement[] {
  const bytes = (point: number, index: number) => timeline.bytes[point * STACK.length + index] ?? 0;
  const names = ['Alive', 'Bytes', ...(pinned === null ? [] : ['Pinned', 'Difference'])];
  const list = STACK.map((category, index) => ({
    category,
    now: bytes(at, index),
    pinnedBytes: pinned === null ? 0 : bytes(pinned, index),
  }));
  return [
    h('thead', {}, h('tr', {}, ...names.map((name, index) => h('th', { scope: 'col', class: index > 0 ? 'number' : '' }, name)))),
    h(
      'tbody',
      {},
      ...list
        .filter(({ now, pinnedBytes }) => now > 0 || pinnedBytes > 0)
        .map(({ category, now, pinnedBytes }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, h('span', { class: `swatch category-${category}` }), category),
            h('td', { class: 'number' }, formatBytes(now)),
            ...(pinned === null
              ? []
              : [
                  h('td', { class: 'number' }, formatBytes(pinnedBytes)),
                  h('td', { class: 'number' }, formatDelta(now - pinnedBytes)),
                ]),
          ),
        ),
    ),
  ];
}
