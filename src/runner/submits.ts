/** How much work goes to the GPU at once: little enough that no operating system's watchdog takes it for a hang. */
import type { AdapterClass } from './tuning';

/**
 * What a class of adapter does in a second at least, by `npm run bench:kernels`: floating-point operations, bytes of tensors touched, and the
 * share of it that one workgroup by itself reaches. Of GPUs, an integrated one with plain kernels.
 */
const RATES: { [name in AdapterClass]: { flops: number; bytes: number; alone: number } } = {
  swiftshader: { flops: 4e9, bytes: 1e9, alone: 1 / 2 },
  llvmpipe: { flops: 4e9, bytes: 1e9, alone: 1 / 2 },
  gpu: { flops: 2e11, bytes: 2e10, alone: 1 / 64 },
};

/** Seconds of one submit, and of one part of a dispatch, at most. A watchdog waits two. */
export const LONGEST = 0.2;
const MOST_DISPATCHES = 512;

/** Seconds that work takes at most; `alone`: in a single workgroup. */
export function secondsOf(adapter: AdapterClass, flops: number, bytes: number, alone: boolean): number {
  const rates = RATES[adapter];
  return (flops / rates.flops + bytes / rates.bytes) / (alone ? rates.alone : 1);
}

export interface Meter {
  /** Whether a dispatch of so many seconds must wait for the next submit; counts it towards the one that it goes to. */
  next(seconds: number): boolean;
}

/** Groups dispatches into submits: a new one begins before the dispatch that would exceed what one may hold. */
export function meter(): Meter {
  let [seconds, dispatches] = [0, 0];
  return {
    next: (more) => {
      const full = dispatches > 0 && (seconds + more > LONGEST || dispatches >= MOST_DISPATCHES);
      if (full) [seconds, dispatches] = [0, 0];
      seconds += more;
      dispatches += 1;
      return full;
    },
  };
}
