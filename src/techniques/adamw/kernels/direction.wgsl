// The gradient becomes −rate · m / (√v + epsilon): what is to be added to the parameter.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> square: array<f32>;
struct Params { count: u32, rate: f32, epsilon: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let g = gradient[i];
  let m = p.beta1 * mean[i] + p.rest1 * g;
  let v = p.beta2 * square[i] + p.rest2 * g * g;
  mean[i] = m;
  square[i] = v;
  gradient[i] = -p.rate * m / (sqrt(v) + p.epsilon);
}
