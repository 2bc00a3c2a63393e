/** Sixteen-bit floats on the host, rounded to nearest, ties to even. */
export type Half = 'fp16' | 'bf16';

const word = new DataView(new ArrayBuffer(4));
const bitsOf = (value: number): number => {
  word.setFloat32(0, value);
  return word.getUint32(0);
};

/** The value over 2 to some power, as an integer: nearest, ties to even. */
function even(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

export function encodeHalf(value: number, half: Half): number {
  if (half === 'bf16') return (even(bitsOf(value) / 65_536) & 0xffff) >>> 0;
  const sign = bitsOf(value) >>> 31 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // The hidden bit of a normal number adds one to the exponent's field; so does a significand that rounds up to two.
  return sign + ((exponent + 14) << 10) + even(size * 2 ** (10 - exponent));
}

export function decodeHalf(bits: number, half: Half): number {
  if (half === 'bf16') {
    word.setUint32(0, (bits << 16) >>> 0);
    return word.getFloat32(0);
  }
  const exponent = (bits >> 10) & 31;
  const significand = bits & 1023;
  const size =
    exponent === 31
      ? significand === 0
        ? Number.POSITIVE_INFINITY
        : Number.NaN
      : exponent === 0
        ? significand * 2 ** -24
        : (1024 + significand) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}
