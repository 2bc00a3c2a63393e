// A random projection: normal numbers of the given deviation, the same for a whole period of steps.
@group(0) @binding(0) var<storage, read_write> projection: array<f32>;
struct Params { count: u32, stream: u32, deviation: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i < p.count) { projection[i] = p.deviation * normal(p.stream, i); }
}
