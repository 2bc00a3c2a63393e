/** What is alive at a moment of a step, by kind of tensor: the changes of a timeline walked up to it, from the nearest mark before. */
import type { Category, Timeline } from '../../src/protocol';
import { STACK } from './waterfall';

export interface Live {
  timeline: Timeline;
  /** Live bytes of every moment. */
  sums: Float64Array;
  /** The moment of the most. */
  peak: number;
  /** Live bytes by kind at `points`, which rise: a row a point. */
  rows(points: readonly number[]): Float64Array;
  /** Live bytes by category at every moment in turn. */
  categories(): Iterable<[Category, number][]>;
}

/** Moments between two of which the bytes by kind are written down. */
const STRIDE = 2048;

export function createLive(timeline: Timeline): Live {
  const { kinds, starts, kind, bytes } = timeline;
  const width = kinds.length;
  const count = timeline.op.length;
  const sums = new Float64Array(count);
  const marks = new Float64Array((Math.floor(count / STRIDE) + 1) * width);
  const live = new Float64Array(width);
  let sum = 0;
  /** Takes the changes that lead to `point`; what they add up to. */
  const step = (into: Float64Array, point: number): number => {
    let change = 0;
    for (let at = starts[point] as number; at < (starts[point + 1] as number); at++) {
      const by = bytes[at] as number;
      into[kind[at] as number] = (into[kind[at] as number] as number) + by;
      change += by;
    }
    return change;
  };
  for (let point = 0; point < count; point++) {
    if (point % STRIDE === 0) marks.set(live, (point / STRIDE) * width);
    sum += step(live, point);
    sums[point] = sum;
  }
  return {
    timeline,
    sums,
    peak: count > 0 ? highest(sums, { from: 0, to: count }) : -1,
    rows(points) {
      const rows = new Float64Array(points.length * width);
      const at = new Float64Array(width);
      /** The next moment whose changes are not in `at`. */
      let next = Number.POSITIVE_INFINITY;
      points.forEach((point, index) => {
        const mark = Math.floor(point / STRIDE);
        if (next > point || next <= mark * STRIDE) {
          at.set(marks.subarray(mark * width, (mark + 1) * width));
          next = mark * STRIDE;
        }
        for (; next <= point; next++) step(at, next);
        rows.set(at, index * width);
      });
      return rows;
    },
    *categories() {
      const at = new Float64Array(width);
      for (let point = 0; point < count; point++) {
        step(at, point);
        yield categoriesOf(timeline, at);
      }
    },
  };
}

/** Index of the largest of `sums` from `from` up to `to`; the first of equals. */
export function highest(sums: Float64Array, { from, to }: { from: number; to: number }): number {
  let best = from;
  for (let point = from + 1; point < to; point++) if ((sums[point] as number) > (sums[best] as number)) best = point;
  return best;
}

/** Live bytes by category, in the order of the stack; `row` has them by kind. */
export function categoriesOf({ kinds }: Pick<Timeline, 'kinds'>, row: Float64Array): [Category, number][] {
  const sums = new Map<Category, number>(STACK.map((category) => [category, 0]));
  kinds.forEach(({ category }, index) => {
    sums.set(category, (sums.get(category) ?? 0) + (row[index] as number));
  });
  return [...sums];
}
