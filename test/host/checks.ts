/** The smallest harness: named steps in order, each passed or failed, and a count. Used inside the host and outside. */

/** Begins the lines of a suite among those of the workbench. */
export const MARK = 'memplan-test|';

export interface Counts {
  passed: number;
  failed: number;
}

export type Step = [name: string, check: () => Promise<void>];

export interface StepsOptions {
  /** The steps build on one another: after a failure the rest cannot be reached. */
  chained?: boolean;
  log?: (line: string) => void;
  onFailure?: (name: string) => Promise<void>;
}

export async function runSteps(title: string, steps: readonly Step[], options: StepsOptions = {}): Promise<Counts> {
  const { log = console.log } = options;
  const counts = { passed: 0, failed: 0 };
  log(title);
  for (const [name, check] of steps) {
    if (options.chained && counts.failed > 0) {
      counts.failed++;
      log(`  ✗ ${name} (not reached)`);
      continue;
    }
    const started = Date.now();
    try {
      await check();
      counts.passed++;
      log(`  ✓ ${name} (${Date.now() - started} ms)`);
    } catch (error) {
      counts.failed++;
      log(`  ✗ ${name}`);
      for (const line of (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n'))
        log(`      ${line}`);
      await options.onFailure?.(name);
    }
  }
  return counts;
}

export const add = (...all: readonly Counts[]): Counts => ({
  passed: all.reduce((sum, { passed }) => sum + passed, 0),
  failed: all.reduce((sum, { failed }) => sum + failed, 0),
});
