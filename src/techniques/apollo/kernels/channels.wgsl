// One channel of the longer side an invocation: Adam's moments of its projected gradient, and the sums of squares of Adam's
// direction u = m / (√v + epsilon), of the projected gradient and of the gradient itself.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> low: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> square: array<f32>;
@group(0) @binding(4) var<storage, read_write> channels: array<f32>;
struct Params {
  long: u32, small: u32, rank: u32, right: u32, epsilon: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32,
}
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let channel = id.x;
  if (channel >= p.long) { return; }
  // Channels are rows where the projection stands on the right, else columns.
  let right = p.right != 0u;
  var sums = vec3<f32>();
  for (var j = 0u; j < p.rank; j++) {
    let i = select(j * p.long + channel, channel * p.rank + j, right);
    let r = low[i];
    let m = p.beta1 * mean[i] + p.rest1 * r;
    let v = p.beta2 * square[i] + p.rest2 * r * r;
    mean[i] = m;
    square[i] = v;
    let u = m / (sqrt(v) + p.epsilon);
    sums += vec3(u * u, r * r, 0.0);
  }
  for (var j = 0u; j < p.small; j++) {
    let g = gradient[select(j * p.long + channel, channel * p.small + j, right)];
    sums.z += g * g;
  }
  channels[3u * channel] = sums.x;
  channels[3u * channel + 1u] = sums.y;
  channels[3u * channel + 2u] = sums.z;
}
