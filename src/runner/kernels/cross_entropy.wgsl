// Logits become their gradient (softmax − one-hot) · scale, and each row's loss is written. A target of 0xFFFFFFFF is ignored.
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;
struct Params { rows: u32, columns: u32, row: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let at = row * p.columns;
  let target_word = targets[p.row + row];
  let ignored = target_word == 0xFFFFFFFFu;
  var high = logits[at];
  for (var c = 1u; c < p.columns; c++) { high = max(high, logits[at + c]); }
  var sum = 0.0;
  for (var c = 0u; c < p.columns; c++) { sum += exp(logits[at + c] - high); }
  let lse = high + log(sum);
  losses[p.row + row] = 0.0;
  if (!ignored) { losses[p.row + row] = lse - logits[at + target_word]; }
  let scale = select(p.scale, 0.0, ignored);
  for (var c = 0u; c < p.columns; c++) {
    var d = exp(logits[at + c] - lse);
    if (c == target_word) { d -= 1.0; }
    logits[at + c] = d * scale;
  }
}
