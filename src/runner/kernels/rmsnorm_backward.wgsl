// target (+)= rstd · (d − x̂ · mean(d · x̂)) with d = upstream · gain and x̂ = x · rstd; also writes rstd.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> gain: array<f32>;
@group(0) @binding(2) var<storage, read_write> upstream: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(4) var<storage, read_write> rstds: array<f32>;
struct Params { rows: u32, columns: u32, x_row: u32, upstream_row: u32, result_row: u32, accumulate: u32, epsilon: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let at_x = (p.x_row + row) * p.columns;
  let at_u = (p.upstream_row + row) * p.columns;
  let at_r = (p.result_row + row) * p.columns;
  var squares = 0.0;
  var inner = 0.0;
  for (var c = 0u; c < p.columns; c++) {
    let value = x[at_x + c];
    squares += value * value;
    inner += upstream[at_u + c] * gain[c] * value;
  }
  let rstd = 1.0 / sqrt(squares / f32(p.columns) + p.epsilon);
  let mean = inner * rstd / f32(p.columns);
  for (var c = 0u; c < p.columns; c++) {
    var d = rstd * (upstream[at_u + c] * gain[c] - x[at_x + c] * rstd * mean);
    if (p.accumulate != 0u) { d += result[at_r + c]; }
    result[at_r + c] = d;
  }
  rstds[row] = rstd;
}
