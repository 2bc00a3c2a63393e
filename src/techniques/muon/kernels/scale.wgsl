// One row a workgroup: x is divided by its Frobenius norm at first, multiplied by the factor later, and copied.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> squares: array<f32>;
@group(0) @binding(2) var<storage, read_write> twin: array<f32>;
struct Params { rows: u32, columns: u32, first: u32, factor: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var r = lane; r < p.rows; r += LANES) { sum += squares[r]; }
  let norm = sqrt(total(lane, sum));
  let factor = select(p.factor, 1.0 / (norm + 1e-7), p.first != 0u);
  let begin = group.x * p.columns;
  for (var c = lane; c < p.columns; c += LANES) {
    let value = factor * x[begin + c];
    x[begin + c] = value;
    twin[begin + c] = value;
  }
}
