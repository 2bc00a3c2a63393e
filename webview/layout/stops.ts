/** Where a slider rests: powers of two and halfway between them, as sizes of batches, chunks and sequences are chosen. */

/** The slider reaches this many times beyond the larger of what is tried and what is written. */
const REACH = 16;

export interface Turned {
  value: number;
  written: number | null;
  min: number;
  max: number;
}

/** Values in rising order; the tried and the written one are among them. */
export function stopsOf({ value, written, min, max }: Turned): number[] {
  const base = Math.max(min, 1, written ?? value);
  const most = Math.max(Math.min(max, base * REACH), value);
  const stops = new Set([min, value, ...(written === null ? [] : [written])]);
  for (let power = 1; power <= most; power *= 2)
    for (const stop of [power, power * 1.5]) if (Number.isInteger(stop) && stop >= min && stop <= most) stops.add(stop);
  return [...stops].sort((a, b) => a - b);
}
