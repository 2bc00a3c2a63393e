/**
 * Where the timeline of a step lies: live bytes in, areas out. A column of pixels shows the highest of the moments that fall
 * on it, so that no peak is lost however many there are; the kinds of tensors that are largest there have an area each, and
 * all others together one.
 */
import * as l10n from '@vscode/l10n';
import type { Category, Timeline } from '../../src/protocol';
import { byteTicks, formatBytes } from '../format';
import { highest, type Live } from './live';
import { STACK } from './waterfall';

export const PHASE_NAMES = ['forward', 'backward', 'optimizer'] as const;
/** Areas with a name of their own, and in the whole step in small. */
const MOST_AREAS = 16;
/** A kind that is nowhere more than this share of the peak is among the others. */
const LEAST = 0.01;

export interface Range {
  /** First point on show, and the one after the last. */
  from: number;
  to: number;
}

export interface Area {
  /** Name of the kind of tensors; null for all that have no area of their own. */
  name: string | null;
  category: Category | null;
  /** Index of the kind; -1 for the others. */
  kind: number;
  /** Neighbours of one category differ in it, so that one is told from the next. */
  shade: 0 | 1;
  /** A point for each column of pixels; the last ends the area. */
  points: { x: number; bytes: number; y0: number; y1: number }[];
  /** Where its name has room, to the left of `x`. */
  label: { x: number; y: number } | null;
}

export interface TimelineChart {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  range: Range;
  /** Bottom up; at every column they add up to what is alive. */
  areas: Area[];
  /** How many kinds of tensors the last area holds. */
  others: number;
  phases: { name: string; x: number; width: number }[];
  usable: { y: number; bytes: number; words: string } | null;
  ticks: { y: number; bytes: number }[];
  peak: { x: number; y: number; index: number; bytes: number } | null;
}

const MARGIN = { left: 62, right: 8, top: 30, bottom: 8 };
/** The whole step in small has no words above it. */
export const MINIMAP_MARGIN = { ...MARGIN, top: 2, bottom: 1 };

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

export interface TimelineFrame {
  width: number;
  height: number;
  usable: number;
  margin?: typeof MARGIN;
  /** Areas with a name of their own. */
  most?: number;
}

export function layoutTimeline(
  live: Live,
  range: Range,
  { width, height, usable, margin = MARGIN, most = MOST_AREAS }: TimelineFrame,
): TimelineChart {
  const { timeline, sums, peak } = live;
  const plot = {
    left: margin.left,
    right: Math.max(margin.left + 1, width - margin.right),
    top: margin.top,
    bottom: height - margin.bottom,
  };
  const inner = plot.right - plot.left;
  const top = sums[peak] ?? 0;
  // The usable line is worth showing where it is not far above everything.
  const limit = Math.max(1, top, usable < 2 * top ? usable : 0) * 1.04;
  const y = (bytes: number) => plot.bottom - (bytes / limit) * (plot.bottom - plot.top);
  const x = (point: number) => plot.left + ((point - range.from) / Math.max(1, range.to - range.from)) * inner;
  const columns = columnsOf(range, Math.floor(inner));
  const highs = columns.map((column) => highest(sums, column));
  const rows = live.rows(highs);
  const bytes = mosts(rows, timeline.kinds.length);
  const chosen = largest(timeline, bytes, LEAST * top, most);
  const usableWords = l10n.t('usable {0}', formatBytes(usable));
  const line = usable <= limit ? { words: usableWords, y: y(usable), right: plot.right } : null;
  const lines = [...chosen.map((kind) => ({ kind, points: [] as Area['points'] })), { kind: -1, points: [] as Area['points'] }];
  const kinds = timeline.kinds.length;
  highs.forEach((point, column) => {
    let base = 0;
    for (const { kind, points } of lines) {
      const own = kind < 0 ? (sums[point] as number) - base : (rows[column * kinds + kind] as number);
      const at = plot.left + ((columns[column] as Column).at / columns.length) * inner;
      points.push({ x: at, bytes: own, y0: y(base), y1: y(base + own) });
      base += own;
    }
  });
  const areas = lines
    .filter(({ kind, points }) => kind >= 0 || points.some(({ bytes }) => bytes > 0))
    .map(({ kind, points }, index, all): Area => {
      const { category = null, name = null } = timeline.kinds[kind] ?? {};
      const before = all.slice(0, index).filter((one) => timeline.kinds[one.kind]?.category === category).length;
      const last = points.at(-1);
      if (last) points.push({ ...last, x: plot.right });
      return {
        name,
        category,
        kind,
        shade: before % 2 === 0 ? 0 : 1,
        points,
        label: roomFor(name ?? l10n.t('other'), points, line),
      };
    });
  return {
    width,
    height,
    plot,
    range,
    areas,
    others: bytes.reduce((count, one) => count + (one > 0 ? 1 : 0), -chosen.length),
    phases: phases(timeline).flatMap(({ phase, from, to }) => {
      const left = Math.max(plot.left, x(from));
      const right = Math.min(plot.right, x(to));
      return right > left ? [{ name: PHASE_NAMES[phase] ?? '', x: left, width: right - left }] : [];
    }),
    usable: line && { y: line.y, bytes: usable, words: line.words },
    ticks: byteTicks(limit, 5).map((bytes) => ({ bytes, y: y(bytes) })),
    peak: peak >= range.from && peak < range.to ? { x: x(peak + 0.5), y: y(top), index: peak, bytes: top } : null,
  };
}

interface Column extends Range {
  /** Its number. */
  at: number;
}

/** The points of each column of pixels. */
function columnsOf({ from, to }: Range, pixels: number): Column[] {
  const span = to - from;
  const count = Math.max(1, Math.min(span, pixels));
  return Array.from({ length: count }, (_, at) => {
    const start = from + Math.floor((at * span) / count);
    return { at, from: start, to: Math.max(start + 1, from + Math.floor(((at + 1) * span) / count)) };
  });
}

/** Most bytes of each kind in any of the rows. */
function mosts(rows: Float64Array, kinds: number): Float64Array {
  const most = new Float64Array(kinds);
  for (let row = 0; row < rows.length; row += kinds)
    for (let kind = 0; kind < kinds; kind++)
      if ((rows[row + kind] as number) > (most[kind] as number)) most[kind] = rows[row + kind] as number;
  return most;
}

/** The kinds with the most bytes: by category in the order of the stack, the largest of each first. */
function largest({ kinds }: Timeline, bytes: Float64Array, least: number, most: number): number[] {
  const of = (kind: number) => bytes[kind] as number;
  const place = (kind: number) => STACK.indexOf((kinds[kind] as Timeline['kinds'][number]).category);
  return kinds
    .map((_, kind) => kind)
    .filter((kind) => of(kind) > least)
    .sort((a, b) => of(b) - of(a) || a - b)
    .slice(0, most)
    .sort((a, b) => place(a) - place(b) || of(b) - of(a) || a - b);
}

/** Height of a name, and the width of one of its characters. */
const NAME = { height: 13, character: 6.3, inset: 6 };

/** The usable line, its words and where they end. */
interface Line {
  words: string;
  y: number;
  right: number;
}

/** The larger part of what an area fills of a column above or below the usable line and the words on it. */
function beyond({ x, y0, y1 }: Area['points'][number], line: Line | null): [high: number, low: number] {
  if (!line) return [y1, y0];
  const top = line.y - (x > line.right - line.words.length * NAME.character - 2 * NAME.inset ? NAME.height + 4 : 2);
  const bottom = line.y + 2;
  if (y0 <= top || y1 >= bottom) return [y1, y0];
  return top - y1 > y0 - bottom ? [y1, top] : [bottom, y0];
}

/** Where the name of an area has room: the longest stretch of columns that it fills high enough, clear of the usable line. */
function roomFor(name: string, points: Area['points'], line: Line | null): Area['label'] {
  const needed = name.length * NAME.character + 2 * NAME.inset;
  let best: { x: number; y: number; width: number } | null = null;
  let start = 0;
  let [high, low] = [0, 0];
  for (let at = 0; at + 1 < points.length; at++) {
    const { x } = points[at] as Area['points'][number];
    const [y1, y0] = beyond(points[at] as Area['points'][number], line);
    if (Math.min(low, y0) - Math.max(high, y1) < NAME.height || at === start) {
      start = at;
      [high, low] = [y1, y0];
    } else [high, low] = [Math.max(high, y1), Math.min(low, y0)];
    if (low - high < NAME.height) {
      start = at + 1;
      [high, low] = [0, 0];
      continue;
    }
    const from = (points[start] as Area['points'][number]).x;
    const width = (points[at + 1]?.x ?? x) - from;
    if (width >= needed && width > (best?.width ?? 0)) best = { x: from + width - NAME.inset, y: (high + low) / 2 + 4, width };
  }
  return best && { x: best.x, y: best.y };
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

/** `backward, layer 31, mlp.down`. */
export function momentAt({ ops, op, layer, phase }: Timeline, point: number): string {
  const words = [
    PHASE_NAMES[phase[point] ?? 0],
    (layer[point] ?? -1) < 0 ? null : l10n.t('layer {0}', layer[point] ?? 0),
    ops[op[point] ?? 0],
  ];
  return words.filter(Boolean).join(', ');
}
