/**
 * Where everything of the waterfall lies: an estimate in, rectangles out. No DOM, no colours.
 * Rows run downwards, bytes to the right, so that long labels and many steps fit a narrow panel.
 */
import type { Category, Estimate, WaterfallStep } from '../../src/protocol';
import { byteTicks } from '../format';

/** The order of the stack: what stays all step long first. */
export const STACK: readonly Category[] = ['weights', 'gradients', 'optimizer', 'activations', 'logits', 'temporary'];

export interface Segment {
  category: Category;
  bytes: number;
  x: number;
  width: number;
}

export type RowKind = 'plain' | 'step' | 'result';

export interface Row {
  kind: RowKind;
  /** The same row in another estimate has the same: a step is that of its slot. */
  key: string;
  label: string;
  /** Index into the estimate's waterfall; the result has the last step's. */
  index: number;
  /** Signed bytes of this bar: the plain total, each change, the result. All but the result add up to the result. */
  bytes: number;
  before: number;
  after: number;
  /** Seconds for a step before and after. */
  time: { before: number; after: number };
  /** What is alive at the peak after this row, by category; the widths add up to `after`. */
  segments: Segment[];
  /** What this step removed (`saved`) or added (`added`): the falling or rising part of the bar. */
  change: { kind: 'saved' | 'added'; x: number; width: number } | null;
  /** The part of the bar beyond the usable memory, in bytes and pixels. */
  over: { bytes: number; x: number; width: number } | null;
  /** What the allocator and the driver's context take beyond the live bytes; the result only. */
  held: { bytes: number; x: number; width: number } | null;
  /** Between which bytes on the card the truth lies: the whisker of the result. */
  band: { from: number; to: number; x: number; width: number } | null;
  /** The bar goes on beyond the right end of the scale. */
  torn: boolean;
  /** Top of the row's words and of its bar, and the bar's height. */
  y: number;
  barY: number;
  barHeight: number;
}

export interface Mark {
  role: 'usable' | 'capacity';
  bytes: number;
  x: number;
}

export interface Tick {
  bytes: number;
  x: number;
}

export interface Waterfall {
  width: number;
  height: number;
  /** Pixels of a byte. */
  scale: number;
  rows: Row[];
  /** Vertical lines from the end of one bar to the beginning of the next. */
  connectors: { x: number; y1: number; y2: number }[];
  marks: Mark[];
  ticks: Tick[];
  /** Top of the rows and bottom of the plot. */
  plot: { top: number; bottom: number };
}

const TOP = 36;
const LABEL = 19;
const BAR = 20;
const ROW = 56;
const BOTTOM = 26;
/** Room to the right, so that the longest bar's edge stays clear of the panel's. */
const RIGHT = 2;

/** The card and the result, with a little room: where a scale that is made for them ends. */
const near = ({ capacity, peak }: Estimate): number => 1.2 * Math.max(1, capacity, peak.device, peak.range[1]);
const widestOf = ({ waterfall }: Estimate): number => Math.max(...waterfall.map((step) => Math.max(step.before, step.after)));

/** The plain plan is so large that the card is small beside it: a scale that ends at the card shows more of the rest. */
export const isFar = (estimate: Estimate): boolean => widestOf(estimate) > 2.5 * near(estimate);

/** Lays `estimate` out in `width` pixels; `close`, on a scale that ends soon after the card and the result. */
export function layoutWaterfall(estimate: Estimate, width: number, close = false): Waterfall {
  const layout = layoutWhole(estimate, width, close ? near(estimate) : 0);
  return close ? cut(layout, width - RIGHT) : layout;
}

/** The part of a picture left of `edge`. */
function cut(layout: Waterfall, edge: number): Waterfall {
  const within = <P extends { x: number; width: number }>(piece: P): P => {
    const x = Math.min(piece.x, edge);
    return { ...piece, x, width: Math.min(piece.x + piece.width, edge) - x };
  };
  const rows = layout.rows.map(
    (row): Row => ({
      ...row,
      segments: row.segments.filter(({ x }) => x < edge).map(within),
      change: row.change && within(row.change),
      over: row.over && within(row.over),
      torn: Math.max(row.after, row.kind === 'step' ? row.before : 0) * layout.scale > edge,
    }),
  );
  return { ...layout, rows, connectors: layout.connectors.filter(({ x }) => x < edge) };
}

function layoutWhole(estimate: Estimate, width: number, end: number): Waterfall {
  const steps = estimate.waterfall;
  const { capacity, peak } = estimate;
  const widest =
    end > 0 ? end : Math.max(1, capacity, peak.device, peak.range[1], ...(steps.length > 0 ? [widestOf(estimate)] : []));
  const scale = Math.max(0, width - RIGHT) / widest;
  const rows: Row[] = steps.map((step, index) =>
    row(step, index, index === 0 ? 'plain' : 'step', { y: TOP + index * ROW, scale, usable: estimate.usable, steps }),
  );
  if (steps.length > 0) rows.push(resultRow(estimate, steps, TOP + steps.length * ROW, scale));
  const bottom = TOP + rows.length * ROW;
  return {
    width,
    height: bottom + BOTTOM,
    scale,
    rows,
    connectors: rows.slice(1).map((next, index) => {
      const x = (rows[index] as Row).after * scale;
      return { x, y1: (rows[index] as Row).barY + BAR, y2: next.barY };
    }),
    marks: [
      { role: 'usable', bytes: estimate.usable, x: estimate.usable * scale },
      { role: 'capacity', bytes: estimate.capacity, x: estimate.capacity * scale },
    ],
    ticks: byteTicks(widest, Math.max(2, Math.floor(width / 90))).map((bytes) => ({ bytes, x: bytes * scale })),
    plot: { top: TOP, bottom },
  };
}

interface Frame {
  y: number;
  scale: number;
  usable: number;
  steps: readonly WaterfallStep[];
}

function row(step: WaterfallStep, index: number, kind: 'plain' | 'step', { y, scale, usable, steps }: Frame): Row {
  const { before, after } = step;
  const change = after - before;
  return {
    kind,
    key: kind === 'plain' ? kind : keyOf(steps, index),
    label: step.label,
    index,
    bytes: change,
    before,
    after,
    time: { before: steps[index - 1]?.time ?? step.time, after: step.time },
    segments: stack(step.categories, scale),
    change:
      kind === 'plain' || change === 0
        ? null
        : { kind: change < 0 ? 'saved' : 'added', x: Math.min(before, after) * scale, width: Math.abs(change) * scale },
    over: beyond(after, usable, scale),
    held: null,
    band: null,
    torn: false,
    y,
    barY: y + LABEL,
    barHeight: BAR,
  };
}

/** Lists of techniques take several steps in one slot. */
function keyOf(steps: readonly WaterfallStep[], index: number): string {
  const slot = steps[index]?.slot;
  return `${slot} ${steps.slice(0, index).filter((step) => step.slot === slot).length}`;
}

function resultRow(estimate: Estimate, steps: readonly WaterfallStep[], y: number, scale: number): Row {
  const first = steps[0] as WaterfallStep;
  const {
    allocated,
    device,
    range: [from, to],
  } = estimate.peak;
  const held = device - allocated;
  return {
    kind: 'result',
    key: 'result',
    label: estimate.name,
    index: steps.length - 1,
    bytes: allocated,
    before: first.after,
    after: allocated,
    time: { before: first.time, after: estimate.time.step },
    segments: stack(estimate.categories, scale),
    change: null,
    over: beyond(device, estimate.usable, scale),
    held: held > 0 ? { bytes: held, x: allocated * scale, width: held * scale } : null,
    band: { from, to, x: from * scale, width: (to - from) * scale },
    torn: false,
    y,
    barY: y + LABEL,
    barHeight: BAR,
  };
}

/** The parts of a bar, left to right. */
export function stack(categories: WaterfallStep['categories'], scale: number): Segment[] {
  let from = 0;
  return STACK.flatMap((category) => {
    const bytes = categories[category];
    const segment = { category, bytes, x: from * scale, width: bytes * scale };
    from += bytes;
    return bytes > 0 ? [segment] : [];
  });
}

function beyond(bytes: number, usable: number, scale: number): Row['over'] {
  return bytes > usable ? { bytes: bytes - usable, x: usable * scale, width: (bytes - usable) * scale } : null;
}
