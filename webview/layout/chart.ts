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

export interface ByteScale {
  y: (bytes: number) => number;
  ticks: Axis[];
  /** Equal heights are equal factors. */
  log: boolean;
}

/** Bytes upwards from nought to a little over `most`. */
export function byteScale(most: number, { top, bottom }: Plot): ByteScale {
  const limit = Math.max(1, most) * 1.06;
  const y = (bytes: number) => bottom - (bytes / limit) * (bottom - top);
  return { y, ticks: byteTicks(limit, 5).map((value) => ({ value, at: y(value) })), log: false };
}

/** From this factor between the least and the most on, small values would lie on the floor of an even scale. */
const DECADES = 24;

/** Bytes from `least` to `most`: evenly from nought, or by factors where the two are far apart. */
export function spanScale(least: number, most: number, plot: Plot): ByteScale {
  if (!(least > 0) || most / least < DECADES) return byteScale(most, plot);
  const low = Math.log2(least) - 0.3;
  const high = Math.log2(most) + 0.3;
  const y = (bytes: number) => plot.bottom - ((Math.log2(Math.max(bytes, 1)) - low) / (high - low)) * (plot.bottom - plot.top);
  const step = Math.max(1, Math.ceil((high - low) / 6));
  const first = Math.ceil(low);
  const ticks = Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, index) => 2 ** (first + index * step));
  return { y, ticks: ticks.map((value) => ({ value, at: y(value) })), log: true };
}
