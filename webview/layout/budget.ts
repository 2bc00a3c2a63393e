/** The card as one bar: what the plan holds at its peak, part by part, against what the card has. */
import type { Category, Estimate } from '../../src/protocol';
import { STACK } from './waterfall';

export type Part = Category | 'allocator' | 'context';

export interface Budget {
  width: number;
  height: number;
  /** Left to right; they add up to what the driver would show. */
  parts: { part: Part; bytes: number; x: number; width: number }[];
  /** What is held beyond the usable memory. */
  over: { bytes: number; x: number; width: number } | null;
  /** Between which bytes the truth lies: the whisker. */
  band: { from: number; to: number; y: number };
  usable: { bytes: number; x: number };
  capacity: { bytes: number; x: number };
  bar: { y: number; height: number };
}

const BAR = { y: 20, height: 30 };

export function layoutBudget(estimate: Estimate, width: number): Budget {
  const { allocated, reserved, device } = estimate.peak;
  const sizes: [Part, number][] = [
    ...STACK.map((category): [Part, number] => [category, estimate.categories[category]]),
    ['allocator', Math.max(0, reserved - allocated)],
    ['context', Math.max(0, device - Math.max(reserved, allocated))],
  ];
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  const scale = Math.max(0, width - 2) / Math.max(1, total, estimate.capacity, estimate.peak.range[1]);
  let from = 0;
  const parts = sizes.flatMap(([part, bytes]) => {
    const x = from * scale;
    from += bytes;
    return bytes > 0 ? [{ part, bytes, x, width: bytes * scale }] : [];
  });
  const over = device - estimate.usable;
  return {
    width,
    height: BAR.y + BAR.height + 14,
    parts,
    over: over > 0 ? { bytes: over, x: estimate.usable * scale, width: over * scale } : null,
    band: { from: estimate.peak.range[0] * scale, to: estimate.peak.range[1] * scale, y: BAR.y + BAR.height + 6 },
    usable: { bytes: estimate.usable, x: estimate.usable * scale },
    capacity: { bytes: estimate.capacity, x: estimate.capacity * scale },
    bar: BAR,
  };
}
