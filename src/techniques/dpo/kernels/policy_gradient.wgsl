// Logits become their gradient: the row's factor times (one-hot − softmax) at a temperature.
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
struct Params { rows: u32, columns: u32, row: u32, temperature: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let at = row * p.columns;
  let word = targets[p.row + row];
  let scale = select(factors[p.row + row] / p.temperature, 0.0, word == 0xFFFFFFFFu);
  var high = logits[at];
  for (var c = 1u; c < p.columns; c++) { high = max(high, logits[at + c]); }
  var sum = 0.0;
  for (var c = 0u; c < p.columns; c++) { sum += exp((logits[at + c] - high) / p.temperature); }
  for (var c = 0u; c < p.columns; c++) {
    logits[at + c] = scale * (select(0.0, 1.0, c == word) - exp((logits[at + c] - high) / p.temperature) / sum);
  }
}
