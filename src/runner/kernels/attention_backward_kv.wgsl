// The gradients of one key and one value row of one key head, over the query heads of its group and the queries of the
// stretch at or after it. Added to dk and dv where `accumulate` is set.
@group(0) @binding(0) var<storage, read_write> q: array<V>;
@group(0) @binding(1) var<storage, read_write> k: array<V>;
@group(0) @binding(2) var<storage, read_write> v: array<V>;
@group(0) @binding(3) var<storage, read_write> upstream: array<V>;
@group(0) @binding(4) var<storage, read_write> lses: array<f32>;
@group(0) @binding(5) var<storage, read_write> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dk: array<V>;
@group(0) @binding(7) var<storage, read_write> dv: array<V>;
struct Params { positions: u32, first: u32, batch: u32, heads: u32, kv_heads: u32, accumulate: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  let end = p.first + p.positions;
  if (j >= end) { return; }
  let sample = id.y;
  let kv = id.z;
  let group = p.heads / p.kv_heads;
  let at = ((j * p.batch + sample) * p.kv_heads + kv) * N;
  var key: array<V, N>;
  var value: array<V, N>;
  var key_sum: array<V, N>;
  var value_sum: array<V, N>;
  for (var x = 0u; x < N; x++) { key[x] = k[at + x] * p.scale; value[x] = v[at + x]; key_sum[x] = V(); value_sum[x] = V(); }
  let start = max(j, p.first) - p.first;
  for (var member = 0u; member < group; member++) {
    let head = kv * group + member;
    for (var i = start; i < p.positions; i++) {
      let row = i * p.batch + sample;
      let begin = (row * p.heads + head) * N;
      var score = 0.0;
      var dp = 0.0;
      for (var x = 0u; x < N; x++) { score += inner(key[x], q[begin + x]); dp += inner(value[x], upstream[begin + x]); }
      let weight = exp(score - lses[row * p.heads + head]);
      let ds = weight * (dp - delta[row * p.heads + head]) * p.scale;
      for (var x = 0u; x < N; x++) { value_sum[x] += weight * upstream[begin + x]; key_sum[x] += ds * q[begin + x]; }
    }
  }
  if (p.accumulate != 0u) {
    for (var x = 0u; x < N; x++) { dk[at + x] += key_sum[x]; dv[at + x] += value_sum[x]; }
  } else {
    for (var x = 0u; x < N; x++) { dk[at + x] = key_sum[x]; dv[at + x] = value_sum[x]; }
  }
}
