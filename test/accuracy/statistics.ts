/** Errors of estimates against measurements: relative, positive where too much was estimated. */

export interface Sample {
  group: string;
  error: number;
}

export interface Figures {
  n: number;
  bias: number;
  median: number;
  p90: number;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** With linear interpolation between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const left = sorted[low] ?? Number.NaN;
  const right = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN;
  return left + (at - low) * (right - left);
}

/** Every sample alike. */
export function figures(samples: readonly Sample[]): Figures {
  const absolute = samples.map(({ error }) => Math.abs(error));
  return {
    n: samples.length,
    bias: mean(samples.map(({ error }) => error)),
    median: quantile(absolute, 0.5),
    p90: quantile(absolute, 0.9),
  };
}

/** Each group's mean error and mean absolute error stand for it: the rows of one table are correlated. */
export function groupedFigures(samples: readonly Sample[]): Figures {
  const groups = groupBy(samples, ({ group }) => group);
  const means = [...groups.values()].map((rows) => ({
    error: mean(rows.map(({ error }) => error)),
    absolute: mean(rows.map(({ error }) => Math.abs(error))),
  }));
  const absolute = means.map((group) => group.absolute);
  return {
    n: means.length,
    bias: mean(means.map((group) => group.error)),
    median: quantile(absolute, 0.5),
    p90: quantile(absolute, 0.9),
  };
}

export function groupBy<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return groups;
}
