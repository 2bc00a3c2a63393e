// The arithmetic of lse_tile.wgsl, one row a workgroup.
@group(0) @binding(0) var<storage, read_write> tile: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
struct Params { rows: u32, stride: u32, width: u32, first: u32, row: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let at = row * p.stride;
  let s = row * 3u;
  let before = stats[s];
  var top = before;
  for (var c = lane; c < p.width; c += LANES) { top = max(top, tile[at + c]); }
  let high = highest(lane, top);
  var sum = 0.0;
  for (var c = lane; c < p.width; c += LANES) { sum += exp(tile[at + c] - high); }
  let added = total(lane, sum);
  if (lane != 0u) { return; }
  stats[s] = high;
  stats[s + 1u] = stats[s + 1u] * exp(before - high) + added;
  let word = targets[p.row + row];
  if (word >= p.first && word < p.first + p.width) { stats[s + 2u] = tile[at + word - p.first]; }
}
