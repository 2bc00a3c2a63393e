// Takes one tile of logits, columns `first` to `first + width` of the vocabulary, into the running statistics: one row an invocation, four words a load.
@group(0) @binding(0) var<storage, read_write> tile: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
struct Params { rows: u32, stride: u32, width: u32, first: u32, row: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let at = row * (p.stride / 4u);
  let s = row * 3u;
  let before = stats[s];
  let whole = p.width / 4u;
  // What lies beyond the last column is no logit.
  let beyond = vec4<u32>(0u, 1u, 2u, 3u) >= vec4<u32>(p.width % 4u);
  let rest = select(0u, 1u, p.width % 4u != 0u);
  var highs = vec4<f32>(before);
  for (var q = 0u; q < whole; q++) { highs = max(highs, tile[at + q]); }
  for (var q = whole; q < whole + rest; q++) { highs = max(highs, select(tile[at + q], vec4<f32>(before), beyond)); }
  let high = max(max(highs.x, highs.y), max(highs.z, highs.w));
  var sums = vec4<f32>(stats[s + 1u] * exp(before - high), 0.0, 0.0, 0.0);
  for (var q = 0u; q < whole; q++) { sums += exp(tile[at + q] - high); }
  for (var q = whole; q < whole + rest; q++) { sums += select(exp(tile[at + q] - high), vec4<f32>(), beyond); }
  stats[s] = high;
  stats[s + 1u] = sums.x + sums.y + sums.z + sums.w;
  let column = targets[p.row + row] - p.first;
  if (column < p.width) { stats[s + 2u] = tile[at + column / 4u][column % 4u]; }
}
