/**
 * Where each storage of a step lies in an arena: planned once, before anything runs. Storages that live at the same time never
 * overlap; the extent is what the arena must hold, the live peak is what no plan can go below.
 */
import type { Linear, Storage } from './linear';

export interface Placement {
  /** Byte offset of each storage. */
  offsets: number[];
  /** End of the highest range. */
  extent: number;
}

/** Storages compared pair by pair up to this many; beyond it, only the plan made in order of time is tried. */
const PAIRWISE = 6000;
/** Comparisons that the search for a tighter plan may spend: a tenth of a second. */
const SEARCH = 3e7;

/**
 * Places every storage; none straddles a multiple of `segment`, the size of the largest single buffer. Two plans are made: in order
 * of time into the tightest gap, and largest first into the lowest gap that stays free. Where both need more than the live
 * peak, the order of the second is changed bit by bit, which nearly always ends at the peak itself.
 */
export function place(linear: Linear, segment: number = Number.POSITIVE_INFINITY): Placement {
  const oversized = linear.storages.find((storage) => storage.bytes > segment);
  if (oversized) throw new Error(`tape: ${oversized.name} is larger than one buffer`);
  const floor = livePeak(linear);
  const first = inTime(linear, segment);
  if (first.extent === floor || linear.storages.length > PAIRWISE) return first;
  const second = search(linear, segment, floor);
  return second.extent < first.extent ? second : first;
}

/** Highest sum of the bytes that live at once: what no plan can go below. */
function livePeak(linear: Linear): number {
  let [live, peak] = [0, 0];
  for (const op of linear.ops) {
    for (const index of op.allocs) live += linear.storages[index]?.bytes ?? 0;
    peak = Math.max(peak, live);
    for (const index of op.frees) live -= linear.storages[index]?.bytes ?? 0;
  }
  return peak;
}

/** Storages that persist come first, then the order of one of these. */
const ORDERS: ((a: Storage, b: Storage) => number)[] = [
  (a, b) => b.bytes - a.bytes,
  (a, b) => b.to - b.from - (a.to - a.from),
  (a, b) => (b.to - b.from) * b.bytes - (a.to - a.from) * a.bytes,
];

/** The best of a few orders; then, again and again, one storage that ends too high goes before one that lies in its way. */
function search(linear: Linear, segment: number, floor: number): Placement {
  const { storages } = linear;
  const starts = ORDERS.map((compare) => {
    const order = storages.map((_, index) => index);
    order.sort((a, b) => {
      const [one, other] = [storages[a] as Storage, storages[b] as Storage];
      return Number(other.persistent) - Number(one.persistent) || compare(one, other) || a - b;
    });
    return { order, plan: inOrder(linear, segment, order) };
  });
  let { order, plan: best } = starts.reduce((a, b) => (b.plan.extent < a.plan.extent ? b : a));
  /** How much lies above the floor. */
  const excess = ({ offsets }: Placement): number =>
    offsets.reduce((sum, offset, index) => sum + Math.max(0, offset + (storages[index] as Storage).bytes - floor), 0);
  let above = excess(best);
  let state = 1;
  const one = (list: readonly number[]): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)] as number;
  };
  for (let tries = Math.floor(SEARCH / storages.length ** 2); best.extent > floor && tries > 0; tries--) {
    const { offsets } = best;
    // The highest, and in every other turn any that ends above the floor.
    const least = tries % 2 === 0 ? floor + 1 : best.extent;
    const chosen = one(order.filter((index) => (offsets[index] as number) + (storages[index] as Storage).bytes >= least));
    const { from, to } = storages[chosen] as Storage;
    const at = order.indexOf(chosen);
    const inTheWay = order.slice(0, at).filter((index) => {
      const other = storages[index] as Storage;
      return !other.persistent && other.to >= from && other.from <= to;
    });
    if (inTheWay.length === 0) continue;
    const before = order.indexOf(one(inTheWay));
    const changed = [...order.slice(0, before), chosen, ...order.slice(before, at), ...order.slice(at + 1)];
    const plan = inOrder(linear, segment, changed);
    const rest = excess(plan);
    if (rest > above) continue;
    order = changed;
    best = plan;
    above = rest;
  }
  return best;
}

/** The lowest start at or after `start` where `bytes` do not straddle a segment. */
const fitting = (start: number, bytes: number, segment: number): number => {
  if (segment === Number.POSITIVE_INFINITY) return start;
  const end = (Math.floor(start / segment) + 1) * segment;
  return start + bytes <= end ? start : end;
};

interface Placed {
  start: number;
  end: number;
  storage: Storage;
}

/** Each storage in turn into the lowest gap that is free for as long as it lives. */
function inOrder(linear: Linear, segment: number, order: readonly number[]): Placement {
  const offsets: number[] = [];
  const placed: Placed[] = [];
  let extent = 0;
  for (const index of order) {
    const storage = linear.storages[index] as Storage;
    // `placed` is kept in order of start, so one pass finds the lowest gap.
    let start = fitting(0, storage.bytes, segment);
    for (const other of placed) {
      if (other.storage.to < storage.from || other.storage.from > storage.to || other.end <= start) continue;
      if (other.start >= start + storage.bytes) break;
      start = fitting(other.end, storage.bytes, segment);
    }
    offsets[index] = start;
    extent = Math.max(extent, start + storage.bytes);
    const entry = { start, end: start + storage.bytes, storage };
    let at = placed.findIndex((other) => other.start > start);
    if (at < 0) at = placed.length;
    placed.splice(at, 0, entry);
  }
  return { offsets, extent };
}

function inTime(linear: Linear, segment: number): Placement {
  const offsets: number[] = [];
  /** Live ranges in order of start. */
  const live: { start: number; end: number; index: number }[] = [];
  let extent = 0;
  const take = (index: number, bytes: number) => {
    let best = Number.POSITIVE_INFINITY;
    let tightest = Number.POSITIVE_INFINITY;
    let cursor = 0;
    for (const range of [...live, { start: Number.POSITIVE_INFINITY, end: 0 }]) {
      const start = fitting(cursor, bytes, segment);
      const gap = range.start - cursor;
      if (start + bytes <= range.start && gap < tightest) {
        best = start;
        tightest = gap;
      }
      cursor = Math.max(cursor, range.end);
    }
    offsets[index] = best;
    extent = Math.max(extent, best + bytes);
    let at = live.findIndex((range) => range.start > best);
    if (at < 0) at = live.length;
    live.splice(at, 0, { start: best, end: best + bytes, index });
  };
  for (const op of linear.ops) {
    for (const index of op.allocs) take(index, linear.storages[index]?.bytes ?? 0);
    for (const index of op.frees) {
      const at = live.findIndex((range) => range.index === index);
      if (at >= 0) live.splice(at, 1);
    }
  }
  return { offsets, extent };
}
