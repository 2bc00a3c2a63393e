// How a group of values fits the codes: each is taken about a middle, to a power that stretches the group's range over theirs, and divided
// by a scale. MOST is the largest code.
struct Expansion { scale: f32, power: f32, middle: f32 }

const STEPS: f32 = 16.0;

/// From the bits of the group's largest magnitude, and of its least that is as good as no zero (those of infinity where there is none).
fn expansion_of(high: u32, low: u32) -> Expansion {
  // What is no number stays none.
  if (high >= 0x7f800000u) { return Expansion(bitcast<f32>(high | 0x400000u), 1.0, 1.0); }
  if (high < 0x800000u) { return Expansion(0.0, 1.0, 1.0); }
  let most = bitcast<f32>(high);
  let least = bitcast<f32>(low);
  let middle = sqrt(most) * sqrt(least);
  let ratio = log2(most) - log2(least);
  let power = clamp(floor(log2(MOST * MOST / 2.0) / max(ratio, 0.001) * STEPS) / STEPS, 1.0 / STEPS, STEPS);
  return Expansion(exp2(power * log2(most / middle)) / MOST, power, middle);
}

/// sign · (|x| / middle)^k / scale, and back. Zero stays zero.
fn shrunk(value: f32, by: Expansion) -> f32 {
  if (by.scale == 0.0 || abs(value) < 1.2e-38) { return 0.0; }
  return sign(value) * exp2(by.power * log2(abs(value) / by.middle)) / by.scale;
}
fn grown(value: f32, by: Expansion) -> f32 {
  if (value == 0.0 || by.scale == 0.0) { return value * by.scale; }
  return sign(value) * exp2(log2(abs(value) * by.scale) / by.power) * by.middle;
}
