// basis becomes random rows: the start of a subspace iteration. Uniform, which spans as well as any other distribution.
@group(0) @binding(0) var<storage, read_write> basis: array<f32>;
struct Params { count: u32, stream: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i < p.count) { basis[i] = random(p.stream, i) * 2.0 - 1.0; }
}
