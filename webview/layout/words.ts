/** Words beside lines and marks: where they have room, and which parts of a line leave them alone. */

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Words from `x` on, or up to it, or around it; `y` is where their letters stand. */
export interface Words {
  text: string;
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
}

/** Width of a character at the size that words in charts have, on the safe side; height above and below the line they stand on. */
const CHARACTER = 6.8;
const ABOVE = 10;
const BELOW = 4;

export function boxOf({ text, x, y, anchor }: Words, character = CHARACTER): Box {
  const width = text.length * character;
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  return { left, right: left + width, top: y - ABOVE, bottom: y + BELOW };
}

export const touch = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** What words keep clear of: marks and other words, and, where there is room, thin lines too. */
export interface Taken {
  marks: Box[];
  lines: readonly Box[];
}

/** A line under a word can be read through; another word or a mark cannot. */
const WORSE = 1e6;
/** As bad as a place one further: a word far from its mark is taken for another's. */
const LINE = 0.4;

/** The best of the places inside `frame`, which come from the best to the worst: the one that touches least, and then the earliest. */
export function settle(places: readonly Words[], { marks, lines }: Taken, frame: Box): Words | null {
  let best: { place: Words; cost: number } | null = null;
  for (const [index, place] of places.entries()) {
    const box = boxOf(place);
    if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) continue;
    const count = (boxes: readonly Box[]) => boxes.reduce((sum, one) => sum + (touch(box, one) ? 1 : 0), 0);
    const cost = WORSE * count(marks) + LINE * count(lines) + index;
    if (best === null || cost < best.cost) best = { place, cost };
  }
  return best?.place ?? null;
}

/** Places around a mark, the nearest first: above and below it, to its right, to its left and over it. */
export function around(text: string, { x, y }: { x: number; y: number }): Words[] {
  return [0, 16].flatMap((further) =>
    ([-9 - further, 19 + further] as const).flatMap((shift) =>
      (['start', 'end', 'middle'] as const).map(
        (anchor): Words => ({ text, x: x + { start: 7, end: -7, middle: 0 }[anchor], y: y + shift, anchor }),
      ),
    ),
  );
}

/** Places along a level line, above and below it, the ends first. */
export function beside(text: string, y: number, { left, right }: { left: number; right: number }): Words[] {
  const between = [0.5, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875].map((share) => left + share * (right - left));
  return [-6, 15].flatMap((shift): Words[] => [
    { text, x: right - 2, y: y + shift, anchor: 'end' },
    { text, x: left + 6, y: y + shift, anchor: 'start' },
    ...between.map((x): Words => ({ text, x, y: y + shift, anchor: 'middle' })),
  ]);
}

/** Boxes along a broken line, so that words keep clear of it. */
export function boxesAlong(points: readonly { x: number; y: number }[], room = 2): Box[] {
  const near = ({ x, y }: { x: number; y: number }): Box => ({
    left: x - room,
    right: x + room,
    top: y - room,
    bottom: y + room,
  });
  return points.flatMap((point, index) => {
    const next = points[index + 1];
    if (!next) return [near(point)];
    const steps = Math.max(1, Math.ceil(Math.hypot(next.x - point.x, next.y - point.y) / (2 * room)));
    return Array.from({ length: steps }, (_, step) =>
      near({ x: point.x + ((next.x - point.x) * step) / steps, y: point.y + ((next.y - point.y) * step) / steps }),
    );
  });
}

/** The pieces of a vertical line at `x` that lie in no box, downwards. */
export function pieces(x: number, from: number, to: number, boxes: readonly Box[]): { y1: number; y2: number }[] {
  const across = boxes.filter(({ left, right }) => left < x && x < right).sort((a, b) => a.top - b.top);
  const kept: { y1: number; y2: number }[] = [];
  let y = from;
  for (const { top, bottom } of across) {
    if (bottom <= y || top >= to) continue;
    if (top > y) kept.push({ y1: y, y2: top });
    y = bottom;
  }
  if (y < to) kept.push({ y1: y, y2: to });
  return kept;
}
