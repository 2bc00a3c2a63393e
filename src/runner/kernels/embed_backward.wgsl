// gradient[word] (+)= the sum of dx over the rows that hold this word; the rows come sorted by word, so no two invocations
// write the same element and the sum has one order.
@group(0) @binding(0) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read_write> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
struct Params { words: u32, columns: u32, accumulate: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.words * p.columns) { return; }
  let word = i / p.columns;
  let column = i % p.columns;
  var sum = 0.0;
  for (var at = starts[word]; at < starts[word + 1u]; at++) { sum += dx[order[at] * p.columns + column]; }
  if (p.accumulate != 0u) { sum += gradient[i]; }
  gradient[i] = sum;
}
