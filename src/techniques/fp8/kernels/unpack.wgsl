// One value an invocation.
@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(1) var<storage, read_write> scales: array<SCALE>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;
struct Params { rows: u32, columns: u32, group: u32, across: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.rows * p.columns) { return; }
  let value = decode((codes[i / 4u] >> (8u * (i % 4u))) & 0xffu);
  x[i] = grow(value, (i / p.columns) * p.across + (i % p.columns) / p.group);
}
