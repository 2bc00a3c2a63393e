// One row a workgroup: g becomes g / √(row · column / mean of rows), g / √column of a vector, and its squares are summed.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> column: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;
struct Params { rows: u32, columns: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let factor = of_row(group.x, lane);
  let begin = group.x * p.columns;
  var sum = 0.0;
  for (var c = lane; c < p.columns; c += LANES) {
    let d = gradient[begin + c] * factor / sqrt(column[c]);
    gradient[begin + c] = d;
    sum += d * d;
  }
  let whole = total(lane, sum);
  if (lane == 0u) { squares[group.x] = whole; }
}
