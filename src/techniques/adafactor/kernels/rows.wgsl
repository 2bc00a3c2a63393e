// One row a workgroup: the row's mean square, remembered.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> row: array<f32>;
struct Params { columns: u32, keep: f32, rest: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let begin = group.x * p.columns;
  var sum = 0.0;
  for (var c = lane; c < p.columns; c += LANES) { let g = gradient[begin + c]; sum += g * g; }
  let square = total(lane, sum) / f32(p.columns) + 1e-30;
  if (lane == 0u) { row[group.x] = p.keep * row[group.x] + p.rest * square; }
}
