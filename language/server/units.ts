/** Units of the language, and dimensions of what is computed with them. */
import { formatCount } from '../../src/plan/format';
import { nearest } from '../../src/plan/nearest';
import type { Measure } from '../../src/plan/numbers';

/** Exponents of bytes, seconds and floating-point operations. */
export type Dimension = readonly [bytes: number, seconds: number, flops: number];

export const NUMBER: Dimension = [0, 0, 0];
export const SIZE: Dimension = [1, 0, 0];
export const TIME: Dimension = [0, 1, 0];
export const RATE: Dimension = [1, -1, 0];
export const SPEED: Dimension = [0, -1, 1];

/** What a number of a card is measured in. */
export const DIMENSION_OF: { readonly [unit in Measure]: Dimension } = { bytes: SIZE, 'bytes/s': RATE, FLOPS: SPEED };

export interface Unit {
  name: string;
  factor: number;
  dimension: Dimension;
  doc: string;
}

const bytes = (name: string, factor: number): Unit[] => [
  { name, factor, dimension: SIZE, doc: `${formatCount(factor)} bytes` },
  { name: `${name}/s`, factor, dimension: RATE, doc: `${name} a second` },
];

/** The closed set, the same as the grammar's QUANTITY. */
export const UNITS: readonly Unit[] = [
  { name: 'k', factor: 1024, dimension: NUMBER, doc: '1024 tokens' },
  ...['KiB', 'MiB', 'GiB', 'TiB'].flatMap((name, index) => bytes(name, 1024 ** (index + 1))),
  ...['kB', 'MB', 'GB', 'TB'].flatMap((name, index) => bytes(name, 1000 ** (index + 1))),
  ...['GFLOPS', 'TFLOPS', 'PFLOPS'].map((name, index) => ({
    name,
    factor: 1000 ** (index + 3),
    dimension: SPEED,
    doc: `10^${3 * (index + 3)} floating-point operations a second`,
  })),
  { name: 'ms', factor: 1e-3, dimension: TIME, doc: 'milliseconds' },
  { name: 's', factor: 1, dimension: TIME, doc: 'seconds' },
  { name: 'h', factor: 3600, dimension: TIME, doc: 'hours' },
  { name: '%', factor: 0.01, dimension: NUMBER, doc: 'hundredths' },
];

const byName = new Map(UNITS.map((unit) => [unit.name, unit]));
/** What people write for a unit, beyond what spelling brings near. */
// biome-ignore format: a table
const MEANT: { [written: string]: string } = {
  K: 'k', sec: 's', secs: 's', seconds: 's', second: 's', hour: 'h', hours: 'h', percent: '%', flops: 'TFLOPS',
  B: 'KiB', kib: 'KiB', mib: 'MiB', gib: 'GiB', tib: 'TiB', kb: 'kB', mb: 'MB', gb: 'GB', tb: 'TB', gig: 'GiB', gigs: 'GiB', g: 'GiB', G: 'GiB', M: 'MiB', m: 'MiB',
};

export const unitNames: readonly string[] = UNITS.map(({ name }) => name);
export const nearestUnit = (written: string): string | undefined =>
  MEANT[written] ?? MEANT[written.toLowerCase()] ?? nearest(written, unitNames);

export interface Parsed {
  value: number;
  dimension: Dimension;
  /** Written with `k`: a count of tokens. */
  tokens: boolean;
  /** As written, empty for a plain number. */
  unit: string;
  /** The unit is none of the known ones. */
  unknown: boolean;
}

/** A QUANTITY token: a number, and a unit that may be wrong. */
export function parseQuantity(text: string): Parsed {
  const [, digits = '0', unit = ''] = /^((?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)\s*(.*)$/.exec(text) ?? [];
  const known = byName.get(unit);
  const value = Number(digits.replaceAll('_', '')) * (known?.factor ?? 1);
  return { value, dimension: known?.dimension ?? NUMBER, tokens: unit === 'k', unit, unknown: unit !== '' && !known };
}

export const sameDimension = (a: Dimension, b: Dimension): boolean => a.every((power, index) => power === b[index]);
export const product = (a: Dimension, b: Dimension, sign: 1 | -1): Dimension => [
  a[0] + sign * b[0],
  a[1] + sign * b[1],
  a[2] + sign * b[2],
];

/** What a dimension is called, and how one of it is written. */
export function describe(dimension: Dimension): { name: string; example: string } {
  const is = (other: Dimension) => sameDimension(dimension, other);
  if (is(NUMBER)) return { name: 'a plain number', example: '2' };
  if (is(SIZE)) return { name: 'a size', example: '24 GiB' };
  if (is(TIME)) return { name: 'a time', example: '1.5 s' };
  if (is(RATE)) return { name: 'a rate', example: '900 GB/s' };
  if (is(SPEED)) return { name: 'a speed', example: '80 TFLOPS' };
  const powers = dimension.flatMap((power, index) =>
    power === 0 ? [] : [`${['byte', 'second', 'FLOP'][index]}${power === 1 ? '' : `^${power}`}`],
  );
  return { name: powers.join('·'), example: '' };
}
