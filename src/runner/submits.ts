/** How much work goes to the GPU at once: little enough that no operating system's watchdog takes it for a hang. */

/**
 * Floating-point operations of one submit at most. A watchdog waits two seconds; an integrated GPU does 2e11 a second with plain
 * kernels, a software driver on two cores some 4e9.
 */
const MOST_FLOPS = { software: 4e8, gpu: 4e10 };
const MOST_DISPATCHES = 512;

export interface Meter {
  /** Whether a dispatch of so many operations must wait for the next submit; counts it towards the one that it goes to. */
  next(flops: number): boolean;
}

/** Groups dispatches into submits: a new one begins before the dispatch that would exceed what one may hold. */
export function meter(software: boolean): Meter {
  const most = software ? MOST_FLOPS.software : MOST_FLOPS.gpu;
  let [flops, dispatches] = [0, 0];
  return {
    next: (more) => {
      const full = dispatches > 0 && (flops + more > most || dispatches >= MOST_DISPATCHES);
      if (full) [flops, dispatches] = [0, 0];
      flops += more;
      dispatches += 1;
      return full;
    },
  };
}
