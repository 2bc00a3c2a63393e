// One block a workgroup: its second moment takes in the mean of its squares; then Adam's step, with that one for all of the block.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> square: array<f32>;
struct Params { size: u32, rate: f32, epsilon: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let end = (group.x + 1u) * p.size;
  let first = group.x * p.size + lane;
  var sum = 0.0;
  for (var i = first; i < end; i += LANES) { sum += gradient[i] * gradient[i]; }
  let v = p.beta2 * square[group.x] + p.rest2 * total(lane, sum) / f32(p.size);
  let over = p.rate / (sqrt(v) + p.epsilon);
  for (var i = first; i < end; i += LANES) {
    let m = p.beta1 * mean[i] + p.rest1 * gradient[i];
    mean[i] = m;
    parameter[i] = parameter[i] - over * m;
  }
  workgroupBarrier();
  if (lane == 0u) { square[group.x] = v; }
}
