/**
 * The timeline with its controls: wheel and drag, and keys for all that they do; what is alive at the moment under the
 * cursor, and the difference to a pinned one.
 */
import * as l10n from '@vscode/l10n';
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
  type Range,
  type TimelineChart,
  zoomRange,
} from '../layout/timeline';
import { paintMinimap, paintMoments, paintTimeline, paintWindow } from '../paint/timeline';
import { liveLegend, liveRows, liveTable } from './live-table';
import { around, type Moves, shifted, steerByKeys, steerByPointer } from './steer';
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
  const inSight = () => {
    if (at < range.from || at >= range.to) look(around(at, range));
  };
  const peak = () => {
    at = live?.peak ?? 0;
    inSight();
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

  steerByPointer(svg, map, { chart: () => chart, whole: () => whole, range: () => range, look, zoom, inspect });
  /** Moves what is on show by a share of itself; the moment under inspection goes with it, so that it stays in sight. */
  const pan = (share: number) => {
    const before = range.from;
    look(shifted(range, share));
    at = Math.max(0, Math.min(count() - 1, at + range.from - before));
  };
  const go = (point: number) => {
    inspect(point);
    inSight();
  };
  const step = (far: boolean) => (far ? Math.max(1, Math.round((range.to - range.from) / 20)) : 1);
  const inBoth: Moves = {
    PageUp: () => pan(-0.9),
    PageDown: () => pan(0.9),
    '+': () => zoom(0.5),
    '=': () => zoom(0.5),
    '-': () => zoom(2),
    '0': () => look({ from: 0, to: count() }),
    p: peak,
    Enter: pin,
  };
  steerByKeys(svg, {
    ...inBoth,
    ArrowLeft: (far) => go(at - step(far)),
    ArrowRight: (far) => go(at + step(far)),
    Home: () => go(0),
    End: () => go(count() - 1),
  });
  steerByKeys(map, {
    ...inBoth,
    ArrowLeft: (far) => pan(far ? -0.5 : -0.1),
    ArrowRight: (far) => pan(far ? 0.5 : 0.1),
    Home: () => pan(-count()),
    End: () => pan(count()),
  });

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
