// (mean loss at w + epsilon · z, less that at w − epsilon · z) / (2 · epsilon). Differences are taken row by row, where
// float32 loses least; `plus` becomes the mean of both, the loss at w but for the square of epsilon.
@group(0) @binding(0) var<storage, read_write> plus: array<f32>;
@group(0) @binding(1) var<storage, read_write> minus: array<f32>;
@group(0) @binding(2) var<storage, read_write> directional: array<f32>;
struct Params { count: u32, factor: f32 }
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> sums: array<f32, WIDTH>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < p.count; i += WIDTH) {
    sum += plus[i] - minus[i];
    plus[i] = 0.5 * (plus[i] + minus[i]);
  }
  sums[lane] = sum;
  for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  if (lane == 0u) { directional[0] = sums[0] * p.factor; }
}
