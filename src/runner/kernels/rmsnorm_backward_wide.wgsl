// The arithmetic of rmsnorm_backward.wgsl, one row a workgroup.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> gain: array<f32>;
@group(0) @binding(2) var<storage, read_write> upstream: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(4) var<storage, read_write> rstds: array<f32>;
struct Params { rows: u32, columns: u32, x_row: u32, upstream_row: u32, result_row: u32, accumulate: u32, epsilon: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let at_x = (p.x_row + row) * p.columns;
  let at_u = (p.upstream_row + row) * p.columns;
  let at_r = (p.result_row + row) * p.columns;
  var squares = 0.0;
  var inner = 0.0;
  for (var c = lane; c < p.columns; c += LANES) {
    let value = x[at_x + c];
    squares += value * value;
    inner += upstream[at_u + c] * gain[c] * value;
  }
  let rstd = 1.0 / sqrt(total(lane, squares) / f32(p.columns) + p.epsilon);
  let mean = total(lane, inner) * rstd / f32(p.columns);
  for (var c = lane; c < p.columns; c += LANES) {
    var d = rstd * (upstream[at_u + c] * gain[c] - x[at_x + c] * rstd * mean);
    if (p.accumulate != 0u) { d += result[at_r + c]; }
    result[at_r + c] = d;
  }
  if (lane == 0u) { rstds[row] = rstd; }
}
