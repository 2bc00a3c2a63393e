// Each channel's factor: ‖u‖ / ‖r‖ of the channel or of the whole matrix, times the root of the scale, over what the scaled
// gradient's norm would grow by beyond 1 % since the last step. The norm that is kept is the one after the limit.
@group(0) @binding(0) var<storage, read_write> channels: array<f32>;
@group(0) @binding(1) var<storage, read_write> norm: array<f32>;
struct Params { long: u32, whole: u32, first: u32, root: f32 }
@group(1) @binding(0) var<uniform> p: Params;

const GROWTH: f32 = 1.01;
var<workgroup> sums: array<vec3<f32>, WIDTH>;

fn ratio(direction: f32, projected: f32) -> f32 { return sqrt(direction) / (sqrt(projected) + 1e-8); }

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  let whole = p.whole != 0u;
  var sum = vec3<f32>();
  for (var c = lane; c < p.long; c += WIDTH) {
    let e = vec3(channels[3u * c], channels[3u * c + 1u], channels[3u * c + 2u]);
    let phi = ratio(e.x, e.y);
    sum += select(vec3(0.0, 0.0, phi * phi * e.z), e, whole);
  }
  sums[lane] = sum;
  for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  let before = norm[0];
  workgroupBarrier();
  let total = sums[0];
  let shared_ratio = select(1.0, ratio(total.x, total.y), whole);
  let length = shared_ratio * sqrt(total.z);
  let over = select(max(length / (before + 1e-8), GROWTH) / GROWTH, 1.0, p.first != 0u);
  if (lane == 0u) { norm[0] = length / over; }
  for (var c = lane; c < p.long; c += WIDTH) {
    let own = ratio(channels[3u * c], channels[3u * c + 1u]);
    channels[3u * c] = p.root * select(own, shared_ratio, whole) / over;
  }
}
