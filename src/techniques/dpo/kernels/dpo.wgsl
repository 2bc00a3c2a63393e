// One pair of answers an invocation: u = the chosen answer's log-probability over the reference's, less the rejected one's. The loss
// −log sigmoid(beta · u) is written to the pair's first row, so that the sum over rows over those that count is its mean, and the scores become
// each row's factor, ±beta · (1 − sigmoid(beta · u)) over the pairs of all micro-batches. Chosen answers are the first half of the samples.
@group(0) @binding(0) var<storage, read_write> scores: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> reference: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
struct Params { positions: u32, batch: u32, parts: u32, beta: f32, valid: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let pair = id.x;
  let pairs = p.batch / 2u;
  if (pair >= pairs) { return; }
  var u = 0.0;
  for (var position = 0u; position < p.positions; position++) {
    let chosen = position * p.batch + pair;
    let rejected = chosen + pairs;
    if (targets[chosen] != 0xFFFFFFFFu) { u += scores[chosen] - reference[chosen]; }
    if (targets[rejected] != 0xFFFFFFFFu) { u -= scores[rejected] - reference[rejected]; }
  }
  let x = p.beta * u;
  let small = exp(-abs(x));
  // 1 − sigmoid(x) and −log sigmoid(x), without a large exponential.
  let rest = select(1.0, small, x > 0.0) / (1.0 + small);
  let share = 1.0 / f32(pairs * p.parts);
  let factor = -p.beta * rest * share;
  for (var position = 0u; position < p.positions; position++) {
    let chosen = position * p.batch + pair;
    scores[chosen] = factor;
    scores[chosen + pairs] = -factor;
    losses[chosen] = 0.0;
    losses[chosen + pairs] = 0.0;
  }
  losses[pair] = (max(-x, 0.0) + log(1.0 + small)) * p.valid * share;
}
