// out = x / rms(x) · gain, one row an invocation.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> gain: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
struct Params { rows: u32, columns: u32, x_row: u32, out_row: u32, epsilon: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let begin = (p.x_row + row) * p.columns;
  let to = (p.out_row + row) * p.columns;
  var sum = 0.0;
  for (var c = 0u; c < p.columns; c++) { let value = x[begin + c]; sum += value * value; }
  let rstd = 1.0 / sqrt(sum / f32(p.columns) + p.epsilon);
  for (var c = 0u; c < p.columns; c++) { out[to + c] = x[begin + c] * rstd * gain[c]; }
}
