/**
 * The timeline with its controls: wheel and drag, and keys for all that they do; what is alive at the moment under the
 * cursor, and the difference to a pinned one.
 */
import * as l10n from '@vscode/l10n';
import { pointer } from 'd3';
import type { Timeline } from '../../src/protocol';
import { button } from '../controls';
import { h, setAttributes, setText } from '../dom';
import { formatBytes, formatExact } from '../format';
import { createLive, type Live } from '../layout/live';
import {
  clampRange,
  layoutTimeline,
  MINIMAP_MARGIN,
  momentAt,
  pointAt,
  type Range,
  type TimelineChart,
  zoomRange,
} from '../layout/timeline';
import { paintMinimap, paintMoments, paintTimeline, paintWindow } from '../paint/timeline';
import { liveLegend, liveRows, liveTable } from './live-table';
import { scroller } from './table';

export interface TimelineView {
  element: HTMLElement;
  svg: SVGSVGElement;
  show(timeline: Timeline | null, usable: number, width: number): void;
}

const HEIGHT = 300;
const MINIMAP = 44;
/** What the keys do, in words below the pictures. */
const KEYS = 'timeline-keys';

export function createTimeline(): TimelineView {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const map = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'timeline');
  svg.setAttribute('tabindex', '0');
  svg.setAttribute('role', 'slider');
  svg.setAttribute('aria-label', l10n.t('Moment of the step'));
  map.setAttribute('class', 'minimap');
  map.setAttribute('tabindex', '0');
  map.setAttribute('role', 'slider');
  map.setAttribute('aria-label', l10n.t('Stretch of the step on show'));
  for (const picture of [svg, map]) picture.setAttribute('aria-describedby', KEYS);
  const where = h('p', { class: 'moment', role: 'status' });
  const legend = h('ul', { class: 'legend' });
  const table = h('table', { class: 'live' });
  const note = h('p', { class: 'note' });
  const keys = h(
    'p',
    { class: 'note keys', id: KEYS },
    l10n.t(
      'Arrows move, with Shift further; Page Up and Page Down pan; + and − zoom; 0 shows the whole step; P goes to the peak; Enter pins.',
    ),
  );
  const waiting = h('p', { class: 'empty' }, l10n.t('Writing out the step…'));
  const controls = [
    button({ label: l10n.t('Go to peak'), onPress: () => peak() }),
    button({ label: l10n.t('Zoom in'), onPress: () => zoom(0.5) }),
    button({ label: l10n.t('Zoom out'), onPress: () => zoom(2) }),
    button({ label: l10n.t('Whole step'), onPress: () => look({ from: 0, to: count() }) }),
    button({ label: l10n.t('Pin moment'), onPress: () => pin() }),
  ];
  const pinControl = controls[4];
  const tools = h('div', { class: 'tools' }, ...controls.map(({ element }) => element));
  const body = h('div', {}, tools, svg, map, note, keys, where, legend, scroller(l10n.t('Alive'), table));
  const element = h('section', { class: 'timeline-view', 'aria-label': l10n.t('Live bytes over one step') }, waiting, body);

  let live: Live | null = null;
  let usable = 0;
  let width = 0;
  let range: Range = { from: 0, to: 0 };
  let chart: TimelineChart | null = null;
  let whole: TimelineChart | null = null;
  let at = 0;
  let pinned: number | null = null;
  let frame = 0;
  /** What the table tells: it is written anew only where that changes. */
  let told = '';

  const count = () => live?.sums.length ?? 0;
  const draw = () => {
    frame = 0;
    if (!live || !whole) return;
    chart = layoutTimeline(live, range, { width, height: HEIGHT, usable });
    paintTimeline(svg, chart, momentAt(live.timeline, live.peak));
    paintWindow(map, whole, range);
    const last = range.to - 1;
    const stretch = l10n.t('{0} to {1}', momentAt(live.timeline, range.from), momentAt(live.timeline, last));
    setSlider(map, { max: count() - (range.to - range.from), now: range.from, words: stretch });
    inspect(at);
  };
  /** One drawing a frame, however many events. */
  const soon = () => {
    if (frame === 0) frame = requestAnimationFrame(draw);
  };
  const look = (next: Range) => {
    range = clampRange(next, count());
    soon();
  };
  const share = () => (range.to > range.from ? (at - range.from) / (range.to - range.from) : 0.5);
  const zoom = (factor: number, around = Math.min(1, Math.max(0, share()))) => {
    range = zoomRange(range, factor, around, count());
    soon();
  };
  const peak = () => {
    at = live?.peak ?? 0;
    const span = range.to - range.from;
    if (at < range.from || at >= range.to) look({ from: at - span / 2, to: at + span / 2 });
    soon();
  };
  const pin = () => {
    pinned = pinned === null ? at : null;
    pinControl?.set({ label: pinned === null ? l10n.t('Pin moment') : l10n.t('Unpin') });
    soon();
  };
  const inspect = (point: number) => {
    at = Math.max(0, Math.min(count() - 1, point));
    if (!live || !chart) return;
    paintMoments(svg, chart, [{ name: 'cursor', point: at }, ...(pinned === null ? [] : [{ name: 'pinned', point: pinned }])]);
    const telling = [at, pinned, chart.others, ...chart.areas.map(({ kind }) => kind)].join();
    if (telling === told) return;
    told = telling;
    const { timeline, sums } = live;
    const words = momentAt(timeline, at);
    setText(
      where,
      `${words}: ${formatBytes(sums[at] ?? 0)}${pinned === null ? '' : l10n.t(', against {0}', momentAt(timeline, pinned))}`,
    );
    setSlider(svg, { max: sums.length - 1, now: at, words: `${words}, ${formatBytes(sums[at] ?? 0)}` });
    legend.replaceChildren(...liveLegend(live, at, chart.others > 0));
    table.replaceChildren(...liveTable(liveRows(live, chart, at, pinned), chart.others, pinned !== null));
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
  /** Moves what is on show by a share of itself; the moment under inspection goes with it, so that it stays in sight. */
  const pan = (share: number) => {
    const before = range.from;
    look({ from: range.from + share * (range.to - range.from), to: range.to + share * (range.to - range.from) });
    at = Math.max(0, Math.min(count() - 1, at + range.from - before));
  };
  /** What the keys do in both pictures; `move` has those that differ. */
  const listen = (picture: SVGSVGElement, move: (event: KeyboardEvent) => { [key: string]: () => void }) =>
    picture.addEventListener('keydown', (event) => {
      const moves: { [key: string]: () => void } = {
        PageUp: () => pan(-0.9),
        PageDown: () => pan(0.9),
        '+': () => zoom(0.5),
        '=': () => zoom(0.5),
        '-': () => zoom(2),
        '0': () => look({ from: 0, to: count() }),
        p: peak,
        Enter: pin,
        ...move(event),
      };
      const chosen = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
      if (!chosen || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      chosen();
    });
  listen(svg, ({ shiftKey }) => {
    const step = shiftKey ? Math.max(1, Math.round((range.to - range.from) / 20)) : 1;
    const go = (point: number) => {
      inspect(point);
      // The moment stays in sight.
      if (at < range.from || at >= range.to) {
        const span = range.to - range.from;
        look({ from: at - span / 2, to: at + span / 2 });
      }
    };
    return {
      ArrowLeft: () => go(at - step),
      ArrowRight: () => go(at + step),
      Home: () => go(0),
      End: () => go(count() - 1),
    };
  });
  listen(map, ({ shiftKey }) => ({
    ArrowLeft: () => pan(shiftKey ? -0.5 : -0.1),
    ArrowRight: () => pan(shiftKey ? 0.5 : 0.1),
    Home: () => pan(-count()),
    End: () => pan(count()),
  }));

  return {
    element,
    svg,
    show(next, limit, pixels) {
      if (live && next === live.timeline && usable === limit && width === pixels) return;
      waiting.hidden = next !== null;
      body.hidden = next === null || next.op.length === 0;
      usable = limit;
      width = pixels;
      if (next !== (live?.timeline ?? null)) {
        live = next && createLive(next);
        range = { from: 0, to: count() };
        at = Math.max(0, live?.peak ?? 0);
        pinned = null;
        told = '';
        pinControl?.set({ label: l10n.t('Pin moment') });
      }
      if (!live || count() === 0) return;
      const small = { width, height: MINIMAP, usable: Number.POSITIVE_INFINITY, margin: MINIMAP_MARGIN };
      whole = layoutTimeline(live, { from: 0, to: count() }, small);
      paintMinimap(map, whole);
      setText(
        note,
        l10n.t(
          'One step: {0} operations in their order. A column of pixels shows the highest moment that falls on it.',
          formatExact(count()),
        ),
      );
      draw();
    },
  };
}

interface Slider {
  max: number;
  now: number;
  words: string;
}

function setSlider(element: Element, { max, now, words }: Slider): void {
  setAttributes(element, { 'aria-valuemin': 0, 'aria-valuemax': max, 'aria-valuenow': now, 'aria-valuetext': words });
}
