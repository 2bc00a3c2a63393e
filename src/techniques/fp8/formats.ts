/** The two 8-bit floats: constants of the formats, and their values in double precision. */
export type Format = 'e4m3' | 'e5m2';

interface Bits {
  mantissa: number;
  bias: number;
  /** The largest value. */
  most: number;
  /** First code, sign aside, that stands for no finite number. */
  special: number;
}

/** E4M3 gives its highest exponent to numbers and keeps one code for NaN; E5M2 has infinities as IEEE 754 has them. */
export const FORMATS: { [format in Format]: Bits } = {
  e4m3: { mantissa: 3, bias: 7, most: 448, special: 0x7f },
  e5m2: { mantissa: 2, bias: 15, most: 57_344, special: 0x7c },
};

/** The value of a code: (−1)^s · 2^(e − bias) · 1.f, or 2^(1 − bias) · 0.f where e is 0. */
export function float8Value(format: Format, code: number): number {
  const { mantissa, bias, special } = FORMATS[format];
  const sign = code & 0x80 ? -1 : 1;
  const rest = code & 0x7f;
  const fraction = (rest % 2 ** mantissa) / 2 ** mantissa;
  if (rest >= special) return format === 'e5m2' && fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const exponent = rest >> mantissa;
  return exponent === 0 ? sign * 2 ** (1 - bias) * fraction : sign * 2 ** (exponent - bias) * (1 + fraction);
}

/** The code whose value is nearest, the even one of two that are as near; the largest beyond the largest. Plain search. */
export function float8Code(format: Format, value: number): number {
  if (Number.isNaN(value)) return 0x7f;
  const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
  let best = 0;
  for (let code = 0; code < FORMATS[format].special; code++) {
    const [apart, least] = [code, best].map((one) => Math.abs(Math.abs(value) - float8Value(format, one))) as [number, number];
    if (apart < least || (apart === least && code % 2 === 0)) best = code;
  }
  return sign | (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? FORMATS[format].special - 1 : best);
}
