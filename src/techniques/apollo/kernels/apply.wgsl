// w −= rate · factor of its channel · gradient
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> channels: array<f32>;
struct Params { count: u32, columns: u32, right: u32, rate: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let channel = select(i % p.columns, i / p.columns, p.right != 0u);
  parameter[i] -= p.rate * channels[3u * channel] * gradient[i];
}
