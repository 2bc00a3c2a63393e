// gradient (+)= Σ over rows of upstream · x̂, one column an invocation.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> upstream: array<f32>;
@group(0) @binding(2) var<storage, read_write> rstds: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
struct Params { rows: u32, columns: u32, x_row: u32, upstream_row: u32, accumulate: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  if (c >= p.columns) { return; }
  var sum = 0.0;
  for (var row = 0u; row < p.rows; row++) {
    sum += upstream[(p.upstream_row + row) * p.columns + c] * x[(p.x_row + row) * p.columns + c] * rstds[row];
  }
  if (p.accumulate != 0u) { sum += gradient[c]; }
  gradient[c] = sum;
}
