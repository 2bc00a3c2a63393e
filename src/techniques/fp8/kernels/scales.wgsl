// Two groups an invocation: the largest magnitude of each over the largest code, rounded up to bfloat16 so that nothing is cut off.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> scales: array<u32>;
struct Params { rows: u32, columns: u32, group: u32, across: u32 }
@group(1) @binding(0) var<uniform> p: Params;

fn scale_of(index: u32) -> u32 {
  if (index >= p.rows * p.across) { return 0u; }
  let row = index / p.across;
  let begin = (index % p.across) * p.group;
  // Magnitudes compare as their bits, and what is no number is the largest of all.
  var high = 0u;
  for (var c = begin; c < min(begin + p.group, p.columns); c++) {
    high = max(high, bitcast<u32>(x[row * p.columns + c]) & 0x7fffffffu);
  }
  if (high >= 0x7f800000u) { return 0x7fc0u; }
  let bits = bitcast<u32>(bitcast<f32>(high) / MOST);
  if (bits < 0x800000u) { return 0u; }
  return select(bits, bits + 0x10000u, (bits & 0xffffu) != 0u) >> 16u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let word = id.x;
  if (word * 2u >= p.rows * p.across) { return; }
  scales[word] = scale_of(word * 2u) | (scale_of(word * 2u + 1u) << 16u);
}
