// a += b, over `count` elements from their offsets.
@group(0) @binding(0) var<storage, read_write> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
struct Params { count: u32, a_begin: u32, b_begin: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i < p.count) { a[p.a_begin + i] = a[p.a_begin + i] + b[p.b_begin + i]; }
}
