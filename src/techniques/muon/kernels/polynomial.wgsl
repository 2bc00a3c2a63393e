// b · identity + c · gram
@group(0) @binding(0) var<storage, read_write> gram: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
struct Params { side: u32, b: f32, c: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.side * p.side) { return; }
  out[i] = p.c * gram[i] + select(0.0, p.b, i / p.side == i % p.side);
}
