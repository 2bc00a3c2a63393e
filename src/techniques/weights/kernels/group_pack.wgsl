// Integer codes with a scale and a zero for each group, one group an invocation: x = scale · (code − zero). The range of a group
// takes in zero, so that the zero's own code is one of the levels; the scale is rounded up to bfloat16 and used so.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> scales: array<u32>;
struct Params { count: u32, group: u32, stream: u32 }
@group(1) @binding(0) var<uniform> p: Params;

const LEVELS: f32 = f32((1u << BITS) - 1u);
const LANES: u32 = 32u / WIDE;
// Rounding up or down from between two levels wants a level to spare: then no value is clamped, and the mean is the value.
const STEPS: f32 = select(LEVELS, LEVELS - 1.0, STOCHASTIC);

fn above(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits, bits + 0x10000u, (bits & 0xffffu) != 0u) & 0xffff0000u;
}

fn rounded(value: f32, i: u32) -> f32 {
  if (STOCHASTIC) { return floor(value + random(p.stream, i)); }
  return round(value);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let group = id.x;
  let begin = group * p.group;
  if (begin >= p.count) { return; }
  let to = min(begin + p.group, p.count);
  var low = 0.0;
  var high = 0.0;
  for (var i = begin; i < to; i++) { low = min(low, x[i]); high = max(high, x[i]); }
  let scale_bits = above(max(high - low, 1e-5) / STEPS);
  let scale = bitcast<f32>(scale_bits);
  let zero = select(round(-low / scale), ceil(-low / scale), STOCHASTIC);
  scales[group] = (scale_bits >> 16u) | bitcast<u32>(zero);
  for (var word = begin / LANES; word < (to + LANES - 1u) / LANES; word++) {
    var bits = 0u;
    for (var lane = 0u; lane < LANES; lane++) {
      let i = word * LANES + lane;
      if (i < to) { bits |= u32(clamp(rounded(x[i] / scale, i) + zero, 0.0, LEVELS)) << (WIDE * lane); }
    }
    codes[word] = bits;
  }
}
