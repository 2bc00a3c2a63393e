/** The plans of a file under one another, on one scale. */
import type { Estimate } from '../../src/protocol';
import { byteTicks } from '../format';
import { type Segment, stack } from './waterfall';

export interface CompareRow {
  name: string;
  fit: Estimate['fit'];
  device: number;
  segments: Segment[];
  /** Allocator and context. */
  held: { x: number; width: number };
  over: { x: number; width: number } | null;
  usable: number;
  y: number;
  barY: number;
  barHeight: number;
}

export interface Compare {
  width: number;
  height: number;
  rows: CompareRow[];
  ticks: { bytes: number; x: number }[];
  plot: { top: number; bottom: number };
}

const ROW = 52;
const LABEL = 18;
const BAR = 20;

export function layoutCompare(estimates: readonly Estimate[], width: number): Compare {
  const widest = Math.max(1, ...estimates.map(({ peak, usable }) => Math.max(peak.device, usable)));
  const scale = Math.max(0, width - 2) / widest;
  const rows = estimates.map((estimate, index): CompareRow => {
    const { allocated, device } = estimate.peak;
    const over = device - estimate.usable;
    return {
      name: estimate.name,
      fit: estimate.fit,
      device,
      segments: stack(estimate.categories, scale),
      held: { x: allocated * scale, width: Math.max(0, device - allocated) * scale },
      over: over > 0 ? { x: estimate.usable * scale, width: over * scale } : null,
      usable: estimate.usable * scale,
      y: index * ROW,
      barY: index * ROW + LABEL,
      barHeight: BAR,
    };
  });
  const bottom = rows.length * ROW;
  return {
    width,
    height: bottom + 24,
    rows,
    ticks: byteTicks(widest, Math.max(2, Math.floor(width / 90))).map((bytes) => ({ bytes, x: bytes * scale })),
    plot: { top: 0, bottom },
  };
}
