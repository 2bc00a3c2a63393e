// w −= rate · sign(beta1 · m + (1 − beta1) · g), then m = beta2 · m + (1 − beta2) · g: the direction uses the old momentum.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> momentum: array<f32>;
struct Params { count: u32, rate: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, keep: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let g = gradient[i];
  let m = momentum[i];
  parameter[i] = parameter[i] * p.keep - p.rate * sign(p.beta1 * m + p.rest1 * g);
  momentum[i] = p.beta2 * m + p.rest2 * g;
}
