/** NF4 storage of a matrix, as QLoRA has it: Dettmers et al., arXiv:2305.14314; values and packing of bitsandbytes. */

export const NF4_LEVELS: readonly number[] = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];
export const NF4_BLOCK = 64;
/** Blocks whose maxima share a maximum of their own (double quantization). */
export const DOUBLE_BLOCK = 256;

/** The 256 values of the signed dynamic map, ascending: seven decades of 1, 2, … 64 midpoints a side, zero, and one. */
export function dynamicMap(signed: boolean): number[] {
  const positive: number[] = [];
  for (let decade = 0; decade < 7; decade++) {
    const steps = 2 ** (signed ? decade : decade + 1);
    for (let step = 0; step < steps; step++) positive.push((0.1 + (0.9 * (step + 0.5)) / steps) * 10 ** (decade - 6));
  }
  return [...(signed ? positive.map((value) => -value) : []), 0, ...positive, 1].sort((a, b) => a - b);
}

/** Index of the nearest value of an ascending list. */
export function nearest(values: readonly number[], x: number): number {
  let low = 0;
  let high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) <= x) low = middle;
    else high = middle;
  }
  return x - (values[low] as number) > (values[high] as number) - x ? high : low;
}

export interface Nf4 {
  /** Two codes a byte, the even element in the high nibble. */
  codes: Uint8Array<ArrayBuffer>;
  /** Largest magnitude of each block. */
  absmax: Float32Array<ArrayBuffer>;
  /** Those magnitudes less their mean, in 8-bit codes with a maximum for each 256; absent without double quantization. */
  double?: { codes: Uint8Array<ArrayBuffer>; absmax: Float32Array<ArrayBuffer>; offset: number };
}

export function encodeNf4(values: Float32Array, double: boolean): Nf4 {
  const blocks = Math.ceil(values.length / NF4_BLOCK);
  const absmax = new Float32Array(blocks);
  values.forEach((value, index) => {
    const block = Math.floor(index / NF4_BLOCK);
    absmax[block] = Math.max(absmax[block] as number, Math.abs(value));
  });
  const result: Nf4 = { codes: new Uint8Array(Math.ceil(values.length / 2)), absmax };
  if (double) {
    const map = dynamicMap(true);
    const offset = Math.fround(absmax.reduce((sum, value) => sum + value, 0) / blocks);
    const outer = new Float32Array(Math.ceil(blocks / DOUBLE_BLOCK));
    absmax.forEach((value, block) => {
      const group = Math.floor(block / DOUBLE_BLOCK);
      outer[group] = Math.max(outer[group] as number, Math.abs(value - offset));
    });
    const codes = Uint8Array.from(absmax, (value, block) => {
      const scale = outer[Math.floor(block / DOUBLE_BLOCK)] as number;
      return nearest(map, scale > 0 ? (value - offset) / scale : 0);
    });
    result.double = { codes, absmax: outer, offset };
  }
  values.forEach((value, index) => {
    const scale = absmax[Math.floor(index / NF4_BLOCK)] as number;
    const code = nearest(NF4_LEVELS, scale > 0 ? value / scale : 0);
    result.codes[index >> 1] = (result.codes[index >> 1] as number) | (index % 2 === 0 ? code << 4 : code);
  });
  return result;
}

/** The matrix that the codes stand for. */
export function decodeNf4(stored: Nf4, count: number): Float64Array<ArrayBuffer> {
  const map = dynamicMap(true);
  const scaleOf = (block: number): number => {
    if (!stored.double) return stored.absmax[block] as number;
    const { codes, absmax, offset } = stored.double;
    return (map[codes[block] as number] as number) * (absmax[Math.floor(block / DOUBLE_BLOCK)] as number) + offset;
  };
  return Float64Array.from({ length: count }, (_, index) => {
    const byte = stored.codes[index >> 1] as number;
    return (NF4_LEVELS[index % 2 === 0 ? byte >> 4 : byte & 15] as number) * scaleOf(Math.floor(index / NF4_BLOCK));
  });
}
