/** Plans as a difference to one of them: what each category takes less to the left of nought, and more to the right. */
import type { Category, Estimate } from '../../src/protocol';
import { byteTicks } from '../format';
import { STACK } from './waterfall';

export interface DifferenceRow {
  name: string;
  /** Bytes of the live peak more than the base has. */
  bytes: number;
  parts: { category: Category; bytes: number; x: number; width: number }[];
  y: number;
  barY: number;
  barHeight: number;
}

export interface Difference {
  width: number;
  height: number;
  /** Where nought is. */
  zero: number;
  rows: DifferenceRow[];
  ticks: { bytes: number; x: number }[];
  plot: { top: number; bottom: number };
}

const ROW = 46;
const LABEL = 18;
const BAR = 18;

export function layoutDifference(base: Estimate, others: readonly Estimate[], width: number): Difference {
  const changes = others.map((one) =>
    STACK.map((category) => ({ category, bytes: one.categories[category] - base.categories[category] })).filter(
      ({ bytes }) => bytes !== 0,
    ),
  );
  const sum = (list: readonly { bytes: number }[], sign: number) =>
    list.reduce((total, { bytes }) => total + Math.max(0, bytes * sign), 0);
  const less = Math.max(0, ...changes.map((list) => sum(list, -1)));
  const more = Math.max(0, ...changes.map((list) => sum(list, 1)));
  const scale = Math.max(0, width - 4) / Math.max(1, less + more);
  const zero = 2 + less * scale;
  const rows = others.map((one, index): DifferenceRow => {
    const list = changes[index] ?? [];
    let left = zero;
    let right = zero;
    const parts = list.map(({ category, bytes }) => {
      const size = Math.abs(bytes) * scale;
      if (bytes < 0) left -= size;
      else right += size;
      return { category, bytes, x: bytes < 0 ? left : right - size, width: size };
    });
    const y = index * ROW;
    return {
      name: one.name,
      bytes: one.peak.allocated - base.peak.allocated,
      parts,
      y,
      barY: y + LABEL,
      barHeight: BAR,
    };
  });
  const bottom = rows.length * ROW;
  const count = Math.max(1, Math.floor(width / 100));
  const step = byteTicks(Math.max(less, more), count);
  const ticks = [
    ...step
      .slice(1)
      .map((bytes) => -bytes)
      .reverse(),
    ...step,
  ]
    .map((bytes) => ({ bytes, x: zero + bytes * scale }))
    .filter(({ x }) => x >= 0 && x <= width);
  return { width, height: bottom + 24, zero, rows, ticks, plot: { top: 0, bottom } };
}
