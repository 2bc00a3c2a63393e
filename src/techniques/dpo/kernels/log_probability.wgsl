// Log-probability of each row's target at a temperature; 0 where there is none.
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> scores: array<f32>;
struct Params { rows: u32, columns: u32, row: u32, temperature: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let at = row * p.columns;
  let word = targets[p.row + row];
  if (word == 0xFFFFFFFFu) { scores[p.row + row] = 0.0; return; }
  var high = logits[at];
  for (var c = 1u; c < p.columns; c++) { high = max(high, logits[at + c]); }
  var sum = 0.0;
  for (var c = 0u; c < p.columns; c++) { sum += exp((logits[at + c] - high) / p.temperature); }
  scores[p.row + row] = (logits[at + word] - high) / p.temperature - log(sum);
}
