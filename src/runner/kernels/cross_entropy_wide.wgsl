// The arithmetic of cross_entropy.wgsl, one row a workgroup.
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;
struct Params { rows: u32, columns: u32, row: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let at = row * p.columns;
  let target_word = targets[p.row + row];
  let ignored = target_word == 0xFFFFFFFFu;
  var top = -3.4e38;
  for (var c = lane; c < p.columns; c += LANES) { top = max(top, logits[at + c]); }
  let high = highest(lane, top);
  var sum = 0.0;
  for (var c = lane; c < p.columns; c += LANES) { sum += exp(logits[at + c] - high); }
  let lse = high + log(total(lane, sum));
  let scale = select(p.scale, 0.0, ignored);
  if (lane == 0u && ignored) { losses[p.row + row] = 0.0; }
  for (var c = lane; c < p.columns; c += LANES) {
    var d = exp(logits[at + c] - lse);
    if (c == target_word) {
      losses[p.row + row] = lse - logits[at + c];
      d -= 1.0;
    }
    logits[at + c] = d * scale;
  }
}
