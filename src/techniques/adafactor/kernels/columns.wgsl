// One column an invocation: the column's mean square, remembered. A vector is one row.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> column: array<f32>;
struct Params { rows: u32, columns: u32, keep: f32, rest: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  if (c >= p.columns) { return; }
  var sum = 0.0;
  for (var r = 0u; r < p.rows; r++) { let g = gradient[r * p.columns + c]; sum += g * g; }
  column[c] = p.keep * column[c] + p.rest * (sum / f32(p.rows) + 1e-30);
}
