import type { Turns } from '../../tape/webgpu/rules';

/** Refreshes that are looked back on, and how alike they must be on the average for the next to come half as often. */
const QUEUE = 5;
const ALIKE = 0.4;
const FACTOR = 2;

/** The scalar that a refresh leaves: the cosine of the first basis vector it found and the one that stood. */
export const SIMILARITY = 'projector.similarity';

/**
 * Refreshes at steps that the gap divides; the gap doubles while the first basis vectors of five refreshes were alike. The sign
 * of a singular vector is arbitrary, so that the cosine's magnitude counts. The queue is not cleared when the gap doubles.
 */
export function lazyTurns(every: number): Turns {
  const queues = new Map<string, { gap: number; alike: number[]; begun: boolean }>();
  const of = (weight: string) => {
    const found = queues.get(weight) ?? { gap: every, alike: [], begun: false };
    queues.set(weight, found);
    return found;
  };
  return {
    part: SIMILARITY,
    due: (weight, step) => step % of(weight).gap === 0,
    seen: (weight, _, value) => {
      const one = of(weight);
      // Nothing stood before the first.
      if (one.begun) one.alike = [...one.alike, Math.abs(value)].slice(-QUEUE);
      one.begun = true;
      if (one.alike.length === QUEUE && one.alike.reduce((a, b) => a + b, 0) / QUEUE >= ALIKE) one.gap *= FACTOR;
    },
  };
}
