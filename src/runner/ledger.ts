import { RunnerError } from './errors';

/**
 * The arena's own books: which byte ranges are bound now, and the most that ever were. It is told of ranges as tensors come and
 * go while a step is recorded, and refuses a range that overlaps one already bound, and one that would bring what is bound above
 * the cap. It has no access to the tape's simulation.
 */
export class Ledger {
  /** Bound ranges in order of start. */
  private readonly ranges: { start: number; end: number; counted: number; name: string }[] = [];
  private live = 0;
  private high = 0;

  /** Most bytes that may be bound at once. */
  constructor(private readonly cap: number = Number.POSITIVE_INFINITY) {}

  /** Errors: `out-of-memory` above the cap. Binds `[start, start + bytes)`; `counted` is how much of it kernels address. */
  bind(name: string, start: number, bytes: number, counted: number): void {
    const at = this.after(start);
    const before = this.ranges[at - 1];
    const behind = this.ranges[at];
    const clash = before && before.end > start ? before : behind && behind.start < start + bytes ? behind : undefined;
    if (clash) throw new Error(`arena: ${name} would lie over ${clash.name}`);
    if (this.live + counted > this.cap)
      throw new RunnerError(
        'out-of-memory',
        `The arena is capped at ${this.cap} bytes: ${name} needs ${counted}, and ${this.live} are in use.`,
      );
    this.ranges.splice(at, 0, { start, end: start + bytes, counted, name });
    this.live += counted;
    this.high = Math.max(this.high, this.live);
  }

  unbind(start: number): void {
    const at = this.after(start) - 1;
    const range = this.ranges[at];
    if (range?.start !== start) throw new Error(`arena: nothing is bound at ${start}`);
    this.ranges.splice(at, 1);
    this.live -= range.counted;
  }

  get highWater(): number {
    return this.high;
  }

  /** Index of the first range that starts after `start`. */
  private after(start: number): number {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ranges[middle]?.start ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
