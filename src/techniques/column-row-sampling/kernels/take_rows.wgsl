// out[row] = x[numbers[row]] · factor(row), which is 1 unless the sample has factors.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> numbers: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
struct Params { count: u32, columns: u32, x_begin: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let row = i / p.columns;
  out[i] = x[p.x_begin + numbers[row] * p.columns + i % p.columns] * factor(row);
}
