// Row by row: −min(ρ·A, clip(ρ)·A) + distance · (exp(ref − lp) − (ref − lp) − 1), with ρ = exp(lp − old); the scores become its derivative, over the
// rows that count. The policy that the answers were drawn from is the reference.
@group(0) @binding(0) var<storage, read_write> scores: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> reference: array<f32>;
@group(0) @binding(3) var<storage, read_write> advantages: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
struct Params { rows: u32, distance: f32, clip: f32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  if (targets[row] == 0xFFFFFFFFu) { scores[row] = 0.0; losses[row] = 0.0; return; }
  let apart = scores[row] - reference[row];
  let ratio = exp(apart);
  let advantage = advantages[row];
  let free = ratio * advantage;
  let clipped = clamp(ratio, 1.0 - p.clip, 1.0 + p.clip) * advantage;
  losses[row] = -min(free, clipped) + p.distance * (exp(-apart) + apart - 1.0);
  scores[row] = p.scale * (select(-free, 0.0, clipped < free) + p.distance * (1.0 - exp(-apart)));
}
