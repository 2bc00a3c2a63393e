// One invocation a row: its Euclidean length.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> lengths: array<f32>;
struct Params { rows: u32, columns: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  var sum = 0.0;
  for (var c = row * p.columns; c < (row + 1u) * p.columns; c++) { sum += x[c] * x[c]; }
  lengths[row] = sqrt(sum);
}
