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

/**
 * Places every storage; none straddles a multiple of `segment`, the size of the largest single buffer.
 * The best of two plans: largest first into the lowest gap that stays free, and in order of time into the tightest gap.
 */
export function place(linear: Linear, segment: number = Number.POSITIVE_INFINITY): Placement {
  const oversized = linear.storages.find((storage) => storage.bytes > segment);
  if (oversized) throw new Error(`tape: ${oversized.name} is larger than one buffer`);
  const plans = [inTime(linear, segment)];
  if (linear.storages.length <= PAIRWISE) plans.push(bySize(linear, segment));
  return plans.reduce((best, plan) => (plan.extent < best.extent ? plan : best));
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

function bySize(linear: Linear, segment: number): Placement {
  const offsets: number[] = [];
  const placed: Placed[] = [];
  const order = linear.storages
    .map((storage, index) => ({ storage, index }))
    .sort(
      (a, b) =>
        Number(b.storage.persistent) - Number(a.storage.persistent) || b.storage.bytes - a.storage.bytes || a.index - b.index,
    );
  let extent = 0;
  for (const { storage, index } of order) {
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
