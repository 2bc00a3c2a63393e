/** Which kernels a step's time goes to, configuration beside configuration: recorded times in, rows out. */
import type { RunEvent } from '../../src/protocol';

type Kernels = Extract<RunEvent, { type: 'kernels' }>;
export type Kernel = Kernels['kernels'][number];

export interface KernelCell {
  calls: number;
  seconds: number;
  /** Of its configuration's step. */
  share: number;
  /** Length of its bar, of the longest one. */
  length: number;
}

export interface KernelRow {
  name: string;
  /** Kernels that the row stands for. */
  count: number;
  /** By configuration; null where the kernel does not run in it. */
  cells: (KernelCell | null)[];
}

export interface KernelTable {
  labels: string[];
  rows: KernelRow[];
  /** Of all kernels, by configuration. */
  seconds: number[];
}

/** Kernels below this share of every step are one row. */
const LEAST_SHARE = 0.01;

/** Rows by their longest time; `whole` leaves none together. */
export function layoutKernels(list: readonly Kernels[], whole = false): KernelTable {
  const seconds = list.map(({ kernels }) => kernels.reduce((sum, kernel) => sum + kernel.seconds, 0));
  const names = [...new Set(list.flatMap(({ kernels }) => kernels.map(({ name }) => name)))];
  const found = names.map((name) => ({
    name,
    each: list.map(({ kernels }) => kernels.find((one) => one.name === name) ?? null),
  }));
  const longest = ({ each }: { each: (Kernel | null)[] }) => Math.max(...each.map((kernel) => kernel?.seconds ?? 0));
  found.sort((a, b) => longest(b) - longest(a));
  const shares = ({ each }: { each: (Kernel | null)[] }) =>
    each.map((kernel, index) => (kernel && (seconds[index] as number) > 0 ? kernel.seconds / (seconds[index] as number) : 0));
  const small = whole ? [] : found.filter((one) => Math.max(...shares(one)) < LEAST_SHARE);
  const together = small.length > 1 ? small : [];
  const shown = found.filter((one) => !together.includes(one));
  const rest = {
    name: `${together.length} others`,
    each: list.map((_, index) => {
      const kernels = together.map(({ each }) => each[index]).filter((kernel) => kernel != null);
      const sum = (key: 'calls' | 'seconds') => kernels.reduce((total, kernel) => total + kernel[key], 0);
      return kernels.length > 0 ? { calls: sum('calls'), seconds: sum('seconds') } : null;
    }),
  };
  const rows = [...shown, ...(together.length > 0 ? [rest] : [])];
  const most = Math.max(0, ...rows.flatMap(({ each }) => each.map((one) => one?.seconds ?? 0)));
  return {
    labels: list.map(({ label }) => label),
    seconds,
    rows: rows.map((row) => ({
      name: row.name,
      count: row === rest ? together.length : 1,
      cells: row.each.map(
        (one, index): KernelCell | null =>
          one && {
            calls: one.calls,
            seconds: one.seconds,
            share: (seconds[index] as number) > 0 ? one.seconds / (seconds[index] as number) : 0,
            length: most > 0 ? one.seconds / most : 0,
          },
      ),
    })),
  };
}
