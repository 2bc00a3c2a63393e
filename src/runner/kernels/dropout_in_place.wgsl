// x = x · mask / (1 − probability), with the mask of `dropout`.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
struct Params { count: u32, x_begin: u32, first: u32, stream: u32, probability: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let kept = random(p.stream, p.first + i) >= p.probability;
  x[p.x_begin + i] = select(0.0, x[p.x_begin + i] / (1.0 - p.probability), kept);
}
