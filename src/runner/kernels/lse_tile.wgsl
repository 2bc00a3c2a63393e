// Takes one tile of logits, columns `first` to `first + width` of the vocabulary, into the running statistics.
@group(0) @binding(0) var<storage, read_write> tile: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
struct Params { rows: u32, stride: u32, width: u32, first: u32, row: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let at = row * p.stride;
  let s = row * 3u;
  let before = stats[s];
  var high = before;
  for (var c = 0u; c < p.width; c++) { high = max(high, tile[at + c]); }
  var sum = stats[s + 1u] * exp(before - high);
  for (var c = 0u; c < p.width; c++) { sum += exp(tile[at + c] - high); }
  stats[s] = high;
  stats[s + 1u] = sum;
  let word = targets[p.row + row];
  if (word >= p.first && word < p.first + p.width) { stats[s + 2u] = tile[at + word - p.first]; }
}
