/** Numbers as people read them. Sizes are bytes inside and binary units outside. */
import * as l10n from '@vscode/l10n';
import type { Unit } from '../src/protocol';

const MINUS = '\u2212';
const UNITS: readonly [string, number][] = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
];

/** `21.8 GiB`; three or four significant digits, a true minus sign. */
export function formatBytes(bytes: number): string {
  const size = Math.abs(bytes);
  const sign = bytes < 0 ? MINUS : '';
  // 1000 GiB still reads better than 0.98 TiB, and a plan for one card lives in GiB.
  const [unit, scale] = UNITS.find(([name, s]) => size >= (name === 'TiB' ? 10 * s : s)) ?? ['B', 1];
  if (unit === 'B') return `${sign}${Math.round(size)} B`;
  return `${sign}${fixed(size / scale)} ${unit}`;
}

/** `27.8 – 30.9 GiB`; both units where they differ. */
export function formatRange(from: number, to: number): string {
  const [low, high] = [formatBytes(from), formatBytes(to)];
  const [number, unit] = low.split(' ');
  return `${high.endsWith(` ${unit}`) ? number : low} – ${high}`;
}

/** `+1.2 GiB`, `−58.2 GiB`, `±0`. */
export function formatDelta(bytes: number): string {
  if (bytes === 0) return '±0';
  return bytes > 0 ? `+${formatBytes(bytes)}` : formatBytes(bytes);
}

/** `23,429,382,144`: the exact count, for hover cards and tables. */
export function formatExact(count: number): string {
  return String(Math.abs(Math.round(count)))
    .replace(/\B(?=(\d{3})+$)/g, ',')
    .replace(/^/, count < 0 ? MINUS : '');
}

/** `1.24 s`, `380 ms`, `2.1 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 7200) return `${fixed(seconds / 3600)} h`;
  if (seconds >= 120) return `${fixed(seconds / 60)} min`;
  if (seconds >= 1) return `${fixed(seconds)} s`;
  if (seconds >= 1e-3) return `${fixed(seconds * 1e3)} ms`;
  return `${fixed(seconds * 1e6)} µs`;
}

/** `+12 %` of `before`, or null where nothing can be said. */
export function formatRelative(before: number, after: number): string | null {
  if (!(before > 0) || !Number.isFinite(after)) return null;
  const percent = Math.round((after / before - 1) * 100);
  if (percent === 0) return '±0 %';
  return `${percent > 0 ? '+' : MINUS}${Math.abs(percent)} %`;
}

/** `42 %`; below one percent with a digit more. */
export function formatShare(share: number): string {
  const percent = 100 * share;
  return `${percent >= 1 || percent === 0 ? Math.round(percent) : percent < 0.1 ? '< 0.1' : percent.toFixed(1)} %`;
}

/** `8.03 billion`, `21.0 million`: parameters and tokens. Their short forms would read as bytes. */
export function formatCount(count: number): string {
  if (count >= 1e9) return l10n.t('{0} billion', fixed(count / 1e9));
  if (count >= 1e6) return l10n.t('{0} million', fixed(count / 1e6));
  return formatExact(count);
}

/** A measured value beside its limit: bytes as bytes, small numbers in scientific form, integers whole. */
export function formatMeasure(value: number | null, unit: string | undefined): string {
  if (value === null || Number.isNaN(value)) return l10n.t('not a number');
  if (!Number.isFinite(value)) return (value > 0 ? '' : MINUS) + l10n.t('infinite');
  if (unit === 'bytes' || unit === 'B') return `${formatExact(value)} B`;
  const suffix = unit === undefined || unit === '' ? '' : ` ${unit}`;
  if (Number.isInteger(value)) return formatExact(value) + suffix;
  const size = Math.abs(value);
  return (size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2)) + suffix;
}

/** Steps of a plain axis in bytes: powers of two, so that ticks are round numbers of GiB. */
export function byteTicks(limit: number, atMost: number): number[] {
  if (!(limit > 0)) return [0];
  let step = 1;
  while (limit / step > atMost) step *= 2;
  // A step of 16 or 32 reads well; 3 would not come up in binary units at all.
  return Array.from({ length: Math.floor(limit / step) + 1 }, (_, index) => index * step);
}

function fixed(value: number): string {
  const digits = value >= 99.95 ? (value >= 999.5 ? 0 : 1) : value >= 9.995 ? 1 : 2;
  return value.toFixed(digits);
}

/** `16k` where it is whole thousands of the language's tokens, else the exact count. */
export function formatTokens(count: number): string {
  return count >= 1024 && count % 1024 === 0 ? `${formatExact(count / 1024)}k` : formatExact(count);
}

/** A number as a file may state it: `16k`, `24 GiB`, `18,859 MiB`, `31.5 GB/s`, `312 TFLOPS`. */
export function formatQuantity(value: number, unit: Unit | undefined): string {
  const of = (factor: number, name: string) => `${formatExact(Number((value / factor).toPrecision(6)))} ${name}`;
  switch (unit) {
    case 'tokens':
      return formatTokens(value);
    case 'bytes':
      return value > 0 && value % 1024 ** 3 === 0 ? of(1024 ** 3, 'GiB') : of(1024 ** 2, 'MiB');
    case 'bytes/s':
      return of(1e9, 'GB/s');
    case 'FLOPS':
      return of(1e12, 'TFLOPS');
    default:
      return formatExact(value);
  }
}

/** A count as one writes it: `16k`, `4096`, `128_256`; null where it is none. */
export function readCount(text: string): number | null {
  const found = /^\s*(\d[\d_,]*)\s*(k?)\s*$/i.exec(text);
  if (!found) return null;
  const count = Number((found[1] ?? '').replace(/[_,]/g, '')) * (found[2] === '' ? 1 : 1024);
  return Number.isSafeInteger(count) ? count : null;
}
