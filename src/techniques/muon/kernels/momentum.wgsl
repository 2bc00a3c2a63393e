// One row a workgroup: m = beta · m + rest · g. The gradient becomes Nesterov's, rest · g + beta · m, and its squares are summed.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> momentum: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;
struct Params { columns: u32, beta: f32, rest: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let begin = group.x * p.columns;
  var sum = 0.0;
  for (var c = lane; c < p.columns; c += LANES) {
    let g = p.rest * gradient[begin + c];
    let m = p.beta * momentum[begin + c] + g;
    momentum[begin + c] = m;
    let ahead = g + p.beta * m;
    gradient[begin + c] = ahead;
    sum += ahead * ahead;
  }
  let row = total(lane, sum);
  if (lane == 0u) { squares[group.x] = row; }
}
