/** Numbers as people read them. Sizes are binary units with one decimal, times the unit that keeps two or three figures. */

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A true minus sign: it lines up with the digits. */
const signed = (value: number, text: string): string => (value < 0 ? `−${text}` : text);

/** Thousands separated: `128,256`. */
export function formatCount(count: number): string {
  const [whole = '', fraction] = Math.abs(count).toString().split('.');
  if (!/^\d+$/.test(whole)) return String(count);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return signed(count, fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

/** Bytes in binary units: `14.2 GiB`, `512 B`. `digits` after the point, for all units but bytes. */
export function formatBytes(bytes: number, digits = 1): string {
  const size = Math.abs(bytes);
  let unit = 0;
  // Compared as it will be printed, so that 1023.97 MiB reads 1.0 GiB and never 1024.0 MiB.
  const shown = (at: number) => Number((size / 1024 ** at).toFixed(at === 0 ? 0 : digits));
  while (unit < SIZES.length - 1 && shown(unit) >= 1024) unit += 1;
  const text = (size / 1024 ** unit).toFixed(unit === 0 ? 0 : digits);
  return signed(Number(text) === 0 ? 0 : bytes, `${text} ${SIZES[unit]}`);
}

/** Bytes to the byte, with the size in words: `25,769,803,776 bytes (24.0 GiB)`. */
export function formatBytesExact(bytes: number): string {
  const plain = `${formatCount(bytes)} ${Math.abs(bytes) === 1 ? 'byte' : 'bytes'}`;
  return Math.abs(bytes) < 1024 ? plain : `${plain} (${formatBytes(bytes)})`;
}

/** Seconds: `850 µs`, `12.3 ms`, `1.48 s`, `2 min 05 s`, `3 h 20 min`. */
export function formatTime(seconds: number): string {
  const time = Math.abs(seconds);
  const figures = (value: number) => (value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2));
  if (time < 5e-9) return '0 s';
  if (time < 999.5e-6) return signed(seconds, `${figures(time * 1e6)} µs`);
  if (time < 0.9995) return signed(seconds, `${figures(time * 1e3)} ms`);
  if (time < 59.95) return signed(seconds, `${figures(time)} s`);
  const two = (value: number) => String(value).padStart(2, '0');
  const whole = Math.round(time);
  if (whole < 3600) return signed(seconds, `${Math.floor(whole / 60)} min ${two(whole % 60)} s`);
  const minutes = Math.round(time / 60);
  return signed(seconds, `${formatCount(Math.floor(minutes / 60))} h ${two(minutes % 60)} min`);
}

/** A count in short, by powers of 1000: `8.03 B`, `124 M`. For parameters, where the digits do not matter. */
export function formatShort(count: number): string {
  const units = ['', ' k', ' M', ' B', ' T'];
  let unit = 0;
  let value = Math.abs(count);
  while (unit < units.length - 1 && Number(value.toPrecision(3)) >= 1000) {
    value /= 1000;
    unit += 1;
  }
  return signed(count, `${unit === 0 ? formatCount(value) : Number(value.toPrecision(3))}${units[unit]}`);
}

/** Tokens as the language writes them: `32k` for 32,768, and the digits where they are not whole multiples of 1024. */
export const formatTokens = (tokens: number): string =>
  tokens >= 1024 && tokens % 1024 === 0 ? `${formatCount(tokens / 1024)}k` : formatCount(tokens);

/** What a number is counted in; a plain count where it is not said. */
export type Unit = 'tokens' | 'bytes' | 'bytes/s' | 'FLOPS';

/** A number as a file may state it: `32k`, `18,859 MiB`, `24 GiB`, `31.5 GB/s`, `312 TFLOPS`. Sizes are whole MiB here, and keep all their digits. */
export function formatQuantity(value: number, unit?: Unit): string {
  const decimal = (names: readonly [string, number][]): string => {
    const [name, factor] = names.find(([, least]) => value >= least) ?? (names.at(-1) as [string, number]);
    return `${formatCount(Number((value / factor).toPrecision(6)))} ${name}`;
  };
  switch (unit) {
    case 'tokens':
      return formatTokens(value);
    case 'bytes': {
      const power = [4, 3].find((one) => value > 0 && value % 1024 ** one === 0) ?? 2;
      return `${formatCount(Number((value / 1024 ** power).toFixed(2)))} ${SIZES[power]}`;
    }
    case 'bytes/s':
      // biome-ignore format: a table
      return decimal([['GB/s', 1e9], ['MB/s', 1e6]]);
    case 'FLOPS':
      // biome-ignore format: a table
      return decimal([['TFLOPS', 1e12], ['GFLOPS', 1e9]]);
    default:
      return formatCount(value);
  }
}

/** A part of a whole: `37 %`, `< 1 %`. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const share = (100 * part) / whole;
  return Math.abs(share) < 1 ? '< 1 %' : `${signed(share, Math.abs(share).toFixed(0))} %`;
}

/** What a change saves or adds: `−14.2 GiB`, `+512 B`, `no change`. */
export const formatChange = (bytes: number): string =>
  bytes === 0 ? 'no change' : bytes > 0 ? `+${formatBytes(bytes)}` : formatBytes(bytes);

/** Time beside what it was: `+6 % time`, `same time` where that is less than half a per cent. */
export function formatPace(ratio: number): string {
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? 'same time' : `${percent < 0 ? '−' : '+'}${formatCount(Math.abs(percent))} % time`;
}
