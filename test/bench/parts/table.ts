/** How benchmarks print: one line a figure, its target beside it, and whether it is met. */

const WIDTHS = { what: 58, figure: 30 };

export const heading = (text: string): void => console.log(`\n${text}`);
export const note = (text: string): void => console.log(`  ${text}`);

export const row = (what: string, figure: string, target = ''): void =>
  console.log(`${what.padEnd(WIDTHS.what)} ${figure.padStart(WIDTHS.figure)}   ${target}`.trimEnd());

export type Target = { least: number } | { most: number };

let missed = 0;

/** A figure with its target; `unit` follows both. Prints `met` or `missed`. */
export function judged(what: string, value: number, unit: string, target: Target, digits = 2, beside = ''): void {
  const [sign, limit, met] =
    'least' in target
      ? (['≥', target.least, value >= target.least] as const)
      : (['≤', target.most, value <= target.most] as const);
  if (!met) missed += 1;
  const figure = `${beside ? `${beside}   ` : ''}${value.toFixed(digits)}${unit}`;
  row(what, figure, `${sign} ${limit}${unit}   ${met ? 'met' : 'MISSED'}`);
}

/** Says how many targets were missed so far. */
export const verdict = (): void =>
  note(missed === 0 ? 'every target is met' : `${missed} target${missed === 1 ? '' : 's'} missed`);

/** The least disturbed of several readings: other work on the machine only ever adds. */
export const fastest = (times: readonly number[]): number => Math.min(...times);

export const median = (values: readonly number[]): number => {
  const order = [...values].sort((a, b) => a - b);
  return order.length === 0 ? 0 : ((order[(order.length - 1) >> 1] as number) + (order[order.length >> 1] as number)) / 2;
};

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
