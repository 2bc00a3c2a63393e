/**
 * Where the timeline of a step lies: columns of live bytes in, areas out. A column of pixels shows the highest of the
 * moments that fall on it, so that no peak is lost however many there are.
 */
import type { Category, Timeline } from '../../src/protocol';
import { byteTicks } from '../format';
import { STACK } from './waterfall';

export const PHASE_NAMES = ['forward', 'backward', 'optimizer'] as const;
const CATEGORIES = STACK.length;

export interface Range {
  /** First point on show, and the one after the last. */
  from: number;
  to: number;
}

export interface TimelineChart {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  range: Range;
  /** One area a category, bottom up; a point for each column of pixels. */
  areas: { category: Category; points: { x: number; y0: number; y1: number }[] }[];
  phases: { name: string; x: number; width: number }[];
  usable: { y: number; bytes: number } | null;
  ticks: { y: number; bytes: number }[];
  peak: { x: number; y: number; index: number } | null;
}

const MARGIN = { left: 62, right: 8, top: 24, bottom: 8 };
/** The whole step in small has no words above it. */
export const MINIMAP_MARGIN = { ...MARGIN, top: 2, bottom: 1 };

export function totals(timeline: Timeline): Float64Array {
  const sums = new Float64Array(timeline.op.length);
  for (let point = 0; point < sums.length; point++) {
    let sum = 0;
    for (let category = 0; category < CATEGORIES; category++) sum += timeline.bytes[point * CATEGORIES + category] as number;
    sums[point] = sum;
  }
  return sums;
}

/** Index of the largest of `sums` from `from` up to `to`; the first of equals. */
export function highest(sums: Float64Array, { from, to }: Range): number {
  let best = from;
  for (let point = from + 1; point < to; point++) if ((sums[point] as number) > (sums[best] as number)) best = point;
  return best;
}

/** `range` moved and cut so that it lies within `count` points and holds at least `least` of them. */
export function clampRange({ from, to }: Range, count: number, least = 16): Range {
  const span = Math.min(count, Math.max(Math.min(least, count), Math.round(to - from)));
  const start = Math.min(Math.max(0, Math.round(from)), count - span);
  return { from: start, to: start + span };
}

/** `range` made `factor` times as long around `at` (0 the left end, 1 the right). */
export function zoomRange(range: Range, factor: number, at: number, count: number): Range {
  const span = (range.to - range.from) * factor;
  const centre = range.from + (range.to - range.from) * at;
  return clampRange({ from: centre - span * at, to: centre + span * (1 - at) }, count);
}

export function layoutTimeline(
  timeline: Timeline,
  sums: Float64Array,
  range: Range,
  { width, height, usable, margin = MARGIN }: { width: number; height: number; usable: number; margin?: typeof MARGIN },
): TimelineChart {
  const count = sums.length;
  const plot = {
    left: margin.left,
    right: Math.max(margin.left + 1, width - margin.right),
    top: margin.top,
    bottom: height - margin.bottom,
  };
  const inner = plot.right - plot.left;
  const top = count > 0 ? (sums[highest(sums, { from: 0, to: count })] as number) : 0;
  // The usable line is worth showing where it is not far above everything.
  const limit = Math.max(1, top, usable < 2 * top ? usable : 0) * 1.04;
  const y = (bytes: number) => plot.bottom - (bytes / limit) * (plot.bottom - plot.top);
  const x = (point: number) => plot.left + ((point - range.from) / Math.max(1, range.to - range.from)) * inner;
  const areas = STACK.map((category): TimelineChart['areas'][number] => ({ category, points: [] }));
  for (const { from, to, at } of columns(range, Math.floor(inner))) {
    const point = highest(sums, { from, to });
    let base = 0;
    STACK.forEach((_, category) => {
      const bytes = timeline.bytes[point * CATEGORIES + category] as number;
      areas[category]?.points.push({ x: plot.left + at * inner, y0: y(base), y1: y(base + bytes) });
      base += bytes;
    });
  }
  const peak = count > 0 ? highest(sums, { from: 0, to: count }) : -1;
  return {
    width,
    height,
    plot,
    range,
    areas,
    phases: phases(timeline).flatMap(({ phase, from, to }) => {
      const left = Math.max(plot.left, x(from));
      const right = Math.min(plot.right, x(to));
      return right > left ? [{ name: PHASE_NAMES[phase] ?? '', x: left, width: right - left }] : [];
    }),
    usable: usable <= limit ? { y: y(usable), bytes: usable } : null,
    ticks: byteTicks(limit, 5).map((bytes) => ({ bytes, y: y(bytes) })),
    peak: peak >= range.from && peak < range.to ? { x: x(peak + 0.5), y: y(top), index: peak } : null,
  };
}

/** The points of each column of pixels; `at` is where it begins, from 0 to 1. The last column ends the areas. */
function* columns({ from, to }: Range, pixels: number): Generator<Range & { at: number }> {
  const span = to - from;
  const count = Math.max(1, Math.min(span, pixels));
  for (let column = 0; column < count; column++) {
    const start = from + Math.floor((column * span) / count);
    const end = Math.max(start + 1, from + Math.floor(((column + 1) * span) / count));
    yield { from: start, to: end, at: column / count };
    if (column === count - 1) yield { from: start, to: end, at: 1 };
  }
}

/** Stretches of one phase. */
function phases({ phase }: Timeline): { phase: number; from: number; to: number }[] {
  const stretches: { phase: number; from: number; to: number }[] = [];
  for (let point = 0; point < phase.length; point++) {
    const last = stretches[stretches.length - 1];
    if (last && last.phase === phase[point]) last.to = point + 1;
    else stretches.push({ phase: phase[point] as number, from: point, to: point + 1 });
  }
  return stretches;
}

/** The point under `x` pixels. */
export function pointAt(chart: TimelineChart, x: number): number {
  const { plot, range } = chart;
  const share = (x - plot.left) / Math.max(1, plot.right - plot.left);
  return Math.max(range.from, Math.min(range.to - 1, Math.floor(range.from + share * (range.to - range.from))));
}

/** Middle of a point in pixels. */
export function xOf({ plot, range }: TimelineChart, point: number): number {
  return plot.left + ((point + 0.5 - range.from) / Math.max(1, range.to - range.from)) * (plot.right - plot.left);
}
