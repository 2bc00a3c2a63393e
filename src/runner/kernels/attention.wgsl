// Causal attention, one query row of one head an invocation, keys in order with a running maximum. V, N and inner() come with
// the head's width: vectors of four where it allows them. Key j of this sample is row j · batch + sample.
@group(0) @binding(0) var<storage, read_write> q: array<V>;
@group(0) @binding(1) var<storage, read_write> k: array<V>;
@group(0) @binding(2) var<storage, read_write> v: array<V>;
@group(0) @binding(3) var<storage, read_write> o: array<V>;
@group(0) @binding(4) var<storage, read_write> lses: array<f32>;
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
  var sum: array<V, N>;
  for (var x = 0u; x < N; x++) { query[x] = q[at + x] * p.scale; sum[x] = V(); }
  var high = -3.4e38;
  var total = 0.0;
  let last = p.first + i;
  let stride = p.batch * p.kv_heads * N;
  var key = (sample * p.kv_heads + kv) * N;
  for (var j = 0u; j <= last; j++) {
    var score = 0.0;
    for (var x = 0u; x < N; x++) { score += inner(query[x], k[key + x]); }
    if (score > high) {
      let shrink = exp(high - score);
      total *= shrink;
      for (var x = 0u; x < N; x++) { sum[x] *= shrink; }
      high = score;
    }
    let weight = exp(score - high);
    total += weight;
    for (var x = 0u; x < N; x++) { sum[x] += weight * v[key + x]; }
    key += stride;
  }
  for (var x = 0u; x < N; x++) { o[at + x] = sum[x] / total; }
  lses[row * p.heads + head] = high + log(total);
}
