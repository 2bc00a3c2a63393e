// out = x / rms(x) · gain, one row a workgroup.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> gain: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
struct Params { rows: u32, columns: u32, x_row: u32, out_row: u32, epsilon: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let begin = (p.x_row + group.x) * p.columns;
  let to = (p.out_row + group.x) * p.columns;
  var squares = 0.0;
  for (var c = lane; c < p.columns; c += LANES) { let value = x[begin + c]; squares += value * value; }
  let rstd = 1.0 / sqrt(total(lane, squares) / f32(p.columns) + p.epsilon);
  for (var c = lane; c < p.columns; c += LANES) { out[to + c] = x[begin + c] * rstd * gain[c]; }
}
