// Asymmetric codes of BITS bits, one group an invocation: the group's minimum rounded down and its step rounded up to bfloat16,
// so that every value lies between the first and the last level, and rounding with those values is unbiased.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> scales: array<u32>;
struct Params { count: u32, group: u32, stream: u32 }
@group(1) @binding(0) var<uniform> p: Params;

const LEVELS: f32 = f32((1u << BITS) - 1u);
const LANES: u32 = 32u / BITS;

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
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let group = flat(id, groups);
  let begin = group * p.group;
  if (begin >= p.count) { return; }
  let to = min(begin + p.group, p.count);
  var low = x[begin];
  var high = low;
  for (var i = begin + 1u; i < to; i++) { low = min(low, x[i]); high = max(high, x[i]); }
  let low_bits = below(low);
  let minimum = bitcast<f32>(low_bits);
  let step_bits = above((high - minimum) / LEVELS);
  let step = bitcast<f32>(step_bits);
  scales[group] = (low_bits >> 16u) | step_bits;
  for (var word = begin / LANES; word < (to + LANES - 1u) / LANES; word++) {
    var bits = 0u;
    for (var lane = 0u; lane < LANES; lane++) {
      let i = word * LANES + lane;
      if (i < to && step > 0.0) {
        let code = clamp(floor((x[i] - minimum) / step + random(p.stream, i)), 0.0, LEVELS);
        bits |= u32(code) << (BITS * lane);
      }
    }
    codes[word] = bits;
  }
}
