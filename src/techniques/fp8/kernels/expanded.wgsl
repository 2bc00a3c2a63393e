/// sign · (|x| / middle)^k / scale, and back. Zero stays zero.
fn shrink(value: f32, group: u32) -> f32 {
  let scale = scales[group * 3u];
  if (scale == 0.0 || abs(value) < 1.2e-38) { return 0.0; }
  return sign(value) * exp2(scales[group * 3u + 1u] * log2(abs(value) / scales[group * 3u + 2u])) / scale;
}
fn grow(value: f32, group: u32) -> f32 {
  let scale = scales[group * 3u];
  if (value == 0.0 || scale == 0.0) { return value * scale; }
  return sign(value) * exp2(log2(abs(value) * scale) / scales[group * 3u + 1u]) * scales[group * 3u + 2u];
}
