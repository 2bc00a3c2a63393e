// One group an invocation: its minimum rounded down and its step rounded up to bfloat16, so that every value lies between the first and
// the last level, and rounding with those values is unbiased.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> scales: array<u32>;
struct Params { count: u32, group: u32 }
@group(1) @binding(0) var<uniform> p: Params;

const LEVELS: f32 = f32((1u << BITS) - 1u);

/// The bfloat16 at or above a value that is not negative, and the one at or below any value, as upper halves of a word.
fn above(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits, bits + 0x10000u, (bits & 0xffffu) != 0u) & 0xffff0000u;
}
fn below(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits, bits + 0x10000u, (bits & 0xffffu) != 0u && value < 0.0) & 0xffff0000u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let group = id.x;
  let begin = group * p.group;
  if (begin >= p.count) { return; }
  var low = x[begin];
  var high = low;
  for (var i = begin + 1u; i < min(begin + p.group, p.count); i++) { low = min(low, x[i]); high = max(high, x[i]); }
  let minimum = below(low);
  scales[group] = (minimum >> 16u) | above((high - bitcast<f32>(minimum)) / LEVELS);
}
