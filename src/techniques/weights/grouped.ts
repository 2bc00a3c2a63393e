/** Integer codes of a matrix with a bfloat16 scale and zero for each group: x = scale · (code − zero), as Q-GaLore has them. */

export interface Grouping {
  /** Bits of a code, and bits that it takes up. */
  bits: 8 | 4;
  wide: 8 | 4;
  /** Elements of a group, a multiple of the codes in a word. */
  group: number;
}

export interface Grouped {
  codes: Uint8Array<ArrayBuffer>;
  /** Scale, then zero, of each group, as bfloat16 bits. */
  scales: Uint16Array<ArrayBuffer>;
}

const word = new DataView(new ArrayBuffer(4));
const bitsOf = (value: number): number => {
  word.setFloat32(0, value);
  return word.getUint32(0);
};
const floatOf = (bits: number): number => {
  word.setUint32(0, bits);
  return word.getFloat32(0);
};

/** The bfloat16 at or above a value that is not negative, as the upper half of a word. */
function above(value: number): number {
  const bits = bitsOf(Math.fround(value));
  return (bits & 0xffff) === 0 ? bits : ((bits & 0xffff0000) + 0x10000) >>> 0;
}

/** Nearest codes. */
export function encodeGroups(values: Float32Array, { bits, wide, group }: Grouping): Grouped {
  const levels = 2 ** bits - 1;
  const lanes = 8 / wide;
  const groups = Math.ceil(values.length / group);
  const codes = new Uint8Array(Math.ceil(values.length / lanes));
  const scales = new Uint16Array(2 * groups);
  for (let at = 0; at < groups; at++) {
    const stretch = values.subarray(at * group, (at + 1) * group);
    const [low, high] = stretch.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 0]);
    const scaleBits = above(Math.max(high - low, 1e-5) / levels);
    const scale = floatOf(scaleBits);
    const zero = Math.round(-low / scale);
    scales[2 * at] = scaleBits >>> 16;
    scales[2 * at + 1] = bitsOf(zero) >>> 16;
    stretch.forEach((value, index) => {
      const i = at * group + index;
      const code = Math.min(levels, Math.max(0, Math.round(value / scale) + zero));
      const byte = Math.floor(i / lanes);
      codes[byte] = (codes[byte] as number) | (code << (wide * (i % lanes)));
    });
  }
  return { codes, scales };
}

export function decodeGroups(
  { codes, scales }: Grouped,
  { bits, wide, group }: Grouping,
  count: number,
): Float64Array<ArrayBuffer> {
  const lanes = 8 / wide;
  return Float64Array.from({ length: count }, (_, i) => {
    const at = Math.floor(i / group);
    const code = ((codes[Math.floor(i / lanes)] as number) >> (wide * (i % lanes))) & (2 ** bits - 1);
    return scaleOf({ scales }, at) * (code - floatOf(((scales[2 * at + 1] as number) << 16) >>> 0));
  });
}

/** Distance between two neighbouring values of a group. */
export const scaleOf = ({ scales }: Pick<Grouped, 'scales'>, group: number): number =>
  floatOf(((scales[2 * group] as number) << 16) >>> 0);
