/** Runs a check over many inputs: few in every test run, as many as the issue of trust wants in `npm run fuzz`. */
import { expect } from 'vitest';
import { numbers } from './mutate';

/** How many times more than in an ordinary test run. */
const TIMES = Number(process.env.MEMPLAN_FUZZ_TIMES ?? 1);
const SEED = Number(process.env.MEMPLAN_FUZZ_SEED ?? 20_251);

/** Nothing that a file can say may keep anybody waiting longer, milliseconds. */
const LONGEST = 4000;
/** What may stay behind after all inputs, MiB: caches are bounded. */
const MOST_LEFT = 200;

const heap = () => {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

export function campaign<T>(
  name: string,
  few: number,
  make: (next: (below: number) => number) => T,
  check: (input: T) => void,
): void {
  const count = few * TIMES;
  const next = numbers(SEED);
  let slowest = 0;
  let before = Number.NaN;
  for (let index = 0; index < count; index++) {
    const input = make(next);
    const started = performance.now();
    try {
      check(input);
    } catch (error) {
      const words = typeof input === 'string' ? JSON.stringify(input) : (JSON.stringify(input) ?? String(input));
      throw new Error(`input ${index} of seed ${SEED}: ${words.slice(0, 4000)}`, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - started);
    if (slowest > LONGEST)
      throw new Error(`input ${index} of seed ${SEED} took ${slowest.toFixed(0)} ms: ${JSON.stringify(input)}`);
    // After a warm-up, so that what is loaded once does not count.
    if (index === Math.floor(count / 10)) before = heap();
  }
  const grown = heap() - before;
  console.log(`${name}: ${count.toLocaleString('en')} inputs, slowest ${slowest.toFixed(1)} ms, heap ${grown.toFixed(1)} MiB`);
  expect(grown).toBeLessThan(MOST_LEFT);
}
