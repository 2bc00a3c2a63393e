// A range of words from one place to another.
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
struct Params { count: u32, x_begin: u32, out_begin: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i < p.count) { out[p.out_begin + i] = x[p.x_begin + i]; }
}
