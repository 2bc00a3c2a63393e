// The gradient of one query row of one head, written over the query.
@group(0) @binding(0) var<storage, read_write> q: array<V>;
@group(0) @binding(1) var<storage, read_write> k: array<V>;
@group(0) @binding(2) var<storage, read_write> v: array<V>;
@group(0) @binding(3) var<storage, read_write> upstream: array<V>;
@group(0) @binding(4) var<storage, read_write> lses: array<f32>;
@group(0) @binding(5) var<storage, read_write> delta: array<f32>;
struct Params { positions: u32, first: u32, batch: u32, heads: u32, kv_heads: u32, accumulate: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.positions) { return; }
  let sample = id.y;
  let head = id.z;
  let kv = head / (p.heads / p.kv_heads);
  let row = i * p.batch + sample;
  let at = (row * p.heads + head) * N;
  var query: array<V, N>;
  var gradient: array<V, N>;
  var out: array<V, N>;
  for (var x = 0u; x < N; x++) { query[x] = q[at + x] * p.scale; gradient[x] = upstream[at + x]; out[x] = V(); }
  let lse = lses[row * p.heads + head];
  let d = delta[row * p.heads + head];
  let last = p.first + i;
  let stride = p.batch * p.kv_heads * N;
  var key = (sample * p.kv_heads + kv) * N;
  for (var j = 0u; j <= last; j++) {
    var score = 0.0;
    var dp = 0.0;
    for (var x = 0u; x < N; x++) { score += inner(query[x], k[key + x]); dp += inner(gradient[x], v[key + x]); }
    let ds = exp(score - lse) * (dp - d) * p.scale;
    for (var x = 0u; x < N; x++) { out[x] += ds * k[key + x]; }
    key += stride;
  }
  for (var x = 0u; x < N; x++) { q[at + x] = out[x]; }
}
