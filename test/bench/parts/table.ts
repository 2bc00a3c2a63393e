/** How benchmarks print: one line a figure; with a target beside it, whether it is met. */

const WIDTHS = { what: 58, figure: 30 };

export const heading = (text: string): void => console.log(`\n${text}`);
export const note = (text: string): void => console.log(`  ${text}`);

/** A figure without a target. */
export const row = (what: string, figure: string, beside = ''): void =>
  console.log(`${what.padEnd(WIDTHS.what)} ${figure.padStart(WIDTHS.figure)}   ${beside}`.trimEnd());

export type Target = { least: number } | { most: number };

let missed = 0;

/** A figure with its target; `unit` follows both. Prints `met` or `MISSED`, which the whole counts. */
export function judged(what: string, value: number, unit: string, target: Target, digits = 2, beside = ''): void {
  const [sign, limit, met] =
    'least' in target
      ? (['≥', target.least, value >= target.least] as const)
      : (['≤', target.most, value <= target.most] as const);
  if (!met) missed += 1;
  const figure = `${beside ? `${beside}   ` : ''}${value.toFixed(digits)}${unit}`;
  row(what, figure, `${sign} ${Number(limit.toFixed(digits))}${unit}   ${met ? 'met' : 'MISSED'}`);
}

/** Says how many targets were missed so far. */
export const verdict = (): void =>
  note(missed === 0 ? 'every target is met' : `${missed} target${missed === 1 ? '' : 's'} missed`);

/** Parts one after another: one that fails says so and fails the benchmark, and the rows of the others stand. */
export async function inParts(parts: { readonly [name: string]: () => void | Promise<void> }): Promise<void> {
  for (const [name, part] of Object.entries(parts)) {
    try {
      await part();
    } catch (error) {
      process.exitCode = 1;
      note(`${name} FAILED: ${(error instanceof Error ? error.message : String(error)).trim().split('\n').slice(-3).join(' ')}`);
    }
  }
}

/** The least disturbed of several readings: other work on the machine only ever adds. */
export const fastest = (times: readonly number[]): number => Math.min(...times);

/** The value below which that share of them lies. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
export const median = (values: readonly number[]): number => quantile(values, 0.5);
export const high = (values: readonly number[]): number => quantile(values, 0.95);

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
