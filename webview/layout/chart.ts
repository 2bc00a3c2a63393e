/** Axes of the charts that have two: round values with where they lie, and the frame between them. */
import { byteTicks } from '../format';

export interface Axis {
  value: number;
  at: number;
}
export interface Plot {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const MARGIN = { left: 62, right: 14, top: 22, bottom: 26 };

export function plotOf(width: number, height: number): Plot {
  return {
    left: MARGIN.left,
    right: Math.max(MARGIN.left + 1, width - MARGIN.right),
    top: MARGIN.top,
    bottom: height - MARGIN.bottom,
  };
}

/** Bytes upwards from nought to a little over `most`. */
export function byteScale(most: number, { top, bottom }: Plot): { y: (bytes: number) => number; ticks: Axis[] } {
  const limit = Math.max(1, most) * 1.06;
  const y = (bytes: number) => bottom - (bytes / limit) * (bottom - top);
  return { y, ticks: byteTicks(limit, 5).map((value) => ({ value, at: y(value) })) };
}
