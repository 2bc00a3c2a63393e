// delta[row, head] = o · do
@group(0) @binding(0) var<storage, read_write> o: array<f32>;
@group(0) @binding(1) var<storage, read_write> upstream: array<f32>;
@group(0) @binding(2) var<storage, read_write> delta: array<f32>;
struct Params { count: u32, dim: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  var sum = 0.0;
  for (var c = 0u; c < p.dim; c++) { sum += o[i * p.dim + c] * upstream[i * p.dim + c]; }
  delta[i] = sum;
}
