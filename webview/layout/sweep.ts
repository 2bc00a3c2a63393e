/** Bytes on the card over the values of one number: curves in, points out. Values that grow by factors lie evenly. */
import type { SweepCurves } from '../../src/protocol';
import { type Axis, byteScale, type Plot, plotOf } from './chart';

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
  curves: { plan: string; points: SweepPoint[]; crossing: SweepPoint | null }[];
  /** One line for each card. */
  limits: { bytes: number; y: number }[];
  x: Axis[];
  y: Axis[];
}

export function layoutSweep({ curves }: SweepCurves, width: number, height: number): SweepChart {
  const plot = plotOf(width, height);
  const values = [...new Set(curves.flatMap(({ points }) => points.map(({ value }) => value)))].sort((a, b) => a - b);
  const first = values[0] ?? 0;
  const last = values.at(-1) ?? 1;
  const even = first > 0 && last / first >= 4;
  const measure = (value: number) => (even ? Math.log(value) : value);
  const span = measure(last) - measure(first);
  const x = (value: number) => plot.left + (span > 0 ? (measure(value) - measure(first)) / span : 0.5) * (plot.right - plot.left);
  const most = Math.max(...curves.flatMap(({ usable, points }) => [usable, ...points.map(({ device }) => device)]));
  const { y, ticks } = byteScale(most, plot);
  const at = (plan: string, usable: number, { value, device }: { value: number; device: number }): SweepPoint => ({
    plan,
    value,
    device,
    fits: device <= usable,
    x: x(value),
    y: y(device),
  });
  return {
    width,
    height,
    plot,
    curves: curves.map(({ plan, usable, points, crossing }) => ({
      plan,
      points: points.map((point) => at(plan, usable, point)),
      crossing: crossing && at(plan, usable, crossing),
    })),
    limits: [...new Set(curves.map(({ usable }) => usable))].map((bytes) => ({ bytes, y: y(bytes) })),
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
