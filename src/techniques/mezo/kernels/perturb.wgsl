// w += length() · z, with z drawn again from its stream at every use; `length` comes with the variant.
@group(0) @binding(0) var<storage, read_write> parameter: array<f32>;
struct Params { count: u32, stream: u32, epsilon: f32, rate: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i < p.count) { parameter[i] += length() * normal(p.stream, i); }
}
