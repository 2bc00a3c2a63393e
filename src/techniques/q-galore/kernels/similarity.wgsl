// Cosine of the first basis vectors of two projectors: rows where they stand on the right, else columns.
@group(0) @binding(0) var<storage, read_write> found: array<f32>;
@group(0) @binding(1) var<storage, read_write> stood: array<f32>;
@group(0) @binding(2) var<storage, read_write> similarity: array<f32>;
struct Params { count: u32, stride: u32 }
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> sums: array<vec3<f32>, WIDTH>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec3<f32>();
  for (var i = lane; i < p.count; i += WIDTH) {
    let a = found[i * p.stride];
    let b = stood[i * p.stride];
    sum += vec3(a * b, a * a, b * b);
  }
  sums[lane] = sum;
  for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  if (lane == 0u) {
    let length = sqrt(sums[0].y * sums[0].z);
    similarity[0] = select(0.0, sums[0].x / length, length > 0.0);
  }
}
