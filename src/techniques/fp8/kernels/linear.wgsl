fn scale_at(group: u32) -> f32 { return bitcast<f32>((scales[group / 2u] >> (16u * (group % 2u))) << 16u); }

/// A group whose largest magnitude is no more than a subnormal has scale 0 and is stored as zeros.
fn shrink(value: f32, group: u32) -> f32 {
  let scale = scale_at(group);
  return select(value / scale, 0.0, scale == 0.0);
}
fn grow(value: f32, group: u32) -> f32 { return value * scale_at(group); }
