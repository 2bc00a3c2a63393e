// 8-bit floats by their bits: MANTISSA fraction bits, exponents biased by BIAS, MOST the largest value, SPECIAL the first code of infinity or NaN.
const DROPPED: u32 = 23u - MANTISSA;
const SMALLEST: f32 = exp2(f32(1 - BIAS - i32(MANTISSA)));

/// To nearest, ties to even; beyond the largest value it stays at the largest. What is no number stays none.
fn encode(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let sign = (bits >> 24u) & 0x80u;
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return sign | 0x7fu; }
  let magnitude = min(bits & 0x7fffffffu, bitcast<u32>(MOST));
  let exponent = i32(magnitude >> 23u) - 127;
  if (exponent >= 1 - BIAS) {
    let rounded = (magnitude + (1u << (DROPPED - 1u)) - 1u + ((magnitude >> DROPPED) & 1u)) >> DROPPED;
    return sign | (rounded - (u32(127 - BIAS) << MANTISSA));
  }
  let shift = DROPPED + u32(1 - BIAS - exponent);
  if (shift > 24u) { return sign; }
  let significand = (magnitude & 0x7fffffu) | 0x800000u;
  return sign | ((significand + (1u << (shift - 1u)) - 1u + ((significand >> shift) & 1u)) >> shift);
}

fn decode(code: u32) -> f32 {
  let sign = (code & 0x80u) << 24u;
  let rest = code & 0x7fu;
  let fraction = (rest & ((1u << MANTISSA) - 1u)) << DROPPED;
  if (rest >= SPECIAL) { return bitcast<f32>(sign | 0x7f800000u | select(fraction, 0x400000u, MANTISSA == 3u)); }
  if ((rest >> MANTISSA) == 0u) { return select(1.0, -1.0, sign != 0u) * f32(rest) * SMALLEST; }
  return bitcast<f32>(sign | (((rest >> MANTISSA) + u32(127 - BIAS)) << 23u) | fraction);
}
