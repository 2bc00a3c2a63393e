// Running statistics of each row: maximum, sum of exponentials relative to it, logit of the target.
@group(0) @binding(0) var<storage, read_write> stats: array<f32>;
struct Params { rows: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  stats[row * 3u] = -3.4e38;
  stats[row * 3u + 1u] = 0.0;
  stats[row * 3u + 2u] = 0.0;
}
