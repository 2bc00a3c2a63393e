// x[row] = table[token[row]]
@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(1) var<storage, read_write> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;
struct Params { rows: u32, columns: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.rows * p.columns) { return; }
  x[i] = table[tokens[i / p.columns] * p.columns + i % p.columns];
}
