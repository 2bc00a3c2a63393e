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

/** Asks again until it holds: processes, and pages that draw in their next frame, tell nobody that they are done. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Ends a process that may have ended by itself meanwhile. */
export function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
