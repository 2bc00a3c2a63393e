/** Bytes on the card over the values of one number: curves in, points out. What grows by factors lies evenly, to the right and upwards. */
import * as l10n from '@vscode/l10n';
import type { SweepCurves } from '../../src/protocol';
import { formatBytes, formatQuantity } from '../format';
import { type Axis, type Plot, plotOf, spanScale } from './chart';
import { around, beside, boxesAlong, boxOf, settle, type Taken, touch, type Words } from './words';

export interface SweepPoint {
  plan: string;
  value: number;
  device: number;
  fits: boolean;
  x: number;
  y: number;
}

export interface SweepChart {
  width: number;
  height: number;
  plot: Plot;
  /** `words` stand where nothing else does. */
  curves: { plan: string; points: SweepPoint[]; crossing: (SweepPoint & { words: Words | null }) | null }[];
  /** One line for each card. */
  limits: { bytes: number; y: number; words: Words | null }[];
  /** Equal heights are equal factors. */
  log: boolean;
  x: Axis[];
  y: Axis[];
}

export function layoutSweep({ curves, unit }: SweepCurves, width: number, height: number): SweepChart {
  const plot = plotOf(width, height);
  const values = [...new Set(curves.flatMap(({ points }) => points.map(({ value }) => value)))].sort((a, b) => a - b);
  const first = values[0] ?? 0;
  const last = values.at(-1) ?? 1;
  const even = first > 0 && last / first >= 4;
  const measure = (value: number) => (even ? Math.log(value) : value);
  const span = measure(last) - measure(first);
  const x = (value: number) => plot.left + (span > 0 ? (measure(value) - measure(first)) / span : 0.5) * (plot.right - plot.left);
  const sizes = curves.flatMap(({ usable, points }) => [usable, ...points.map(({ device }) => device)]);
  const { y, ticks, log } = spanScale(Math.min(...sizes), Math.max(...sizes), plot);
  const at = (plan: string, { value, device, fits = true }: { value: number; device: number; fits?: boolean }): SweepPoint => ({
    plan,
    value,
    device,
    fits,
    x: x(value),
    y: y(device),
  });
  const drawn = curves.map(({ plan, points, crossing }) => ({
    plan,
    points: points.map((point) => at(plan, point)),
    crossing: crossing && at(plan, crossing),
  }));
  const levels = [...new Set(curves.map(({ usable }) => usable))].map((bytes) => ({ bytes, y: y(bytes) }));
  // Words give way to what is drawn, and the later ones to the earlier.
  const taken: Taken = {
    marks: [
      ...drawn.flatMap(({ points }) => points.flatMap((point) => boxesAlong([point], 5))),
      ...drawn.flatMap(({ crossing }) => (crossing ? boxesAlong([crossing], 7) : [])),
      ...levels.map((level) => ({ left: plot.left, right: plot.right, top: level.y - 1.5, bottom: level.y + 1.5 })),
    ],
    lines: drawn.flatMap(({ points }) => boxesAlong(points)),
  };
  const frame = { left: plot.left + 2, right: width, top: 0, bottom: plot.bottom - 2 };
  const place = (places: readonly Words[]): Words | null => {
    const words = settle(places, taken, frame);
    if (words) taken.marks.push(boxOf(words));
    return words;
  };
  const limits = levels.map((level) => ({
    ...level,
    words: place(beside(l10n.t('usable {0}', formatBytes(level.bytes)), level.y, plot)),
  }));
  const name = (value: number) => formatQuantity(value, unit);
  const crossed = drawn.filter(({ crossing }) => crossing !== null).length;
  const named = drawn.map(({ plan, points, crossing }) => {
    if (!crossing) return { plan, points, crossing };
    const text = crossed > 1 ? `${name(crossing.value)} ${plan}` : name(crossing.value);
    // Away from its mark a word would be taken for another's: the key of the curves says it too.
    const free = around(text, crossing).filter((words) => !taken.marks.some((one) => touch(one, boxOf(words))));
    return { plan, points, crossing: { ...crossing, words: place(free) } };
  });
  return {
    width,
    height,
    plot,
    curves: named,
    limits,
    log,
    x: spread(values, x, 52),
    y: ticks,
  };
}

/** The values that have room for their words. */
function spread(values: readonly number[], x: (value: number) => number, room: number): Axis[] {
  const kept: Axis[] = [];
  for (const value of values) {
    const at = x(value);
    const before = kept.at(-1);
    if (before === undefined || at - before.at >= room) kept.push({ value, at });
  }
  return kept;
}
