@group(0) @binding(3) var<storage, read_write> momentum: array<f32>;

fn smoothed(i: u32, change: f32) -> f32 {
  let m = 0.9 * momentum[i] + 0.1 * change;
  momentum[i] = m;
  return m;
}
