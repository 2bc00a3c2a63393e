// The first statistic becomes the log-sum-exp; each row's loss is written. A row without a target has none.
@group(0) @binding(0) var<storage, read_write> stats: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;
struct Params { rows: u32, row: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let lse = stats[row * 3u] + log(stats[row * 3u + 1u]);
  stats[row * 3u] = lse;
  losses[p.row + row] = select(lse - stats[row * 3u + 2u], 0.0, targets[p.row + row] == 0xFFFFFFFFu);
}
