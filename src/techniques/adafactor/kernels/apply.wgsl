// One row a workgroup: the direction's root mean square is held to 1, and the parameter moves along it by the rate.
@group(0) @binding(0) var<storage, read_write> direction: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;
struct Params { rows: u32, columns: u32, rate: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var r = lane; r < p.rows; r += LANES) { sum += squares[r]; }
  let size = sqrt(total(lane, sum) / f32(p.rows * p.columns));
  let rate = p.rate / max(1.0, size);
  let begin = group.x * p.columns;
  for (var c = lane; c < p.columns; c += LANES) {
    let i = begin + c;
    parameter[i] = parameter[i] - smoothed(i, rate * direction[i]);
  }
}
