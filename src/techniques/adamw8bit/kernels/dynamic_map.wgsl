// The 8-bit dynamic map of blockwise optimizers: 256 values over seven decades, denser towards one.
fn decade(exponent: u32) -> f32 {
  switch exponent {
    case 0u: { return 1e-6; }
    case 1u: { return 1e-5; }
    case 2u: { return 1e-4; }
    case 3u: { return 1e-3; }
    case 4u: { return 1e-2; }
    case 5u: { return 1e-1; }
    default: { return 1.0; }
  }
}

/// The dynamic map, signed: 127 values a side in seven decades of 1, 2, 4, … 64 steps, zero at 127, one at 255.
fn signed_value(code: u32) -> f32 {
  if (code == 127u) { return 0.0; }
  if (code == 255u) { return 1.0; }
  let at = select(126u - code, code - 128u, code > 127u) + 1u;
  let exponent = firstLeadingBit(at);
  let steps = 1u << exponent;
  let value = (0.1 + 0.9 * (f32(at - steps) + 0.5) / f32(steps)) * decade(exponent);
  return select(-value, value, code > 127u);
}

/// The dynamic map, unsigned: 254 values in seven decades of 2, 4, … 128 steps, zero at 0, one at 255.
fn unsigned_value(code: u32) -> f32 {
  if (code == 0u) { return 0.0; }
  if (code == 255u) { return 1.0; }
  let at = code + 1u;
  let steps = 1u << firstLeadingBit(at);
  return (0.1 + 0.9 * (f32(at - steps) + 0.5) / f32(steps)) * decade(firstLeadingBit(at) - 1u);
}
