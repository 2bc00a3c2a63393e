// Codes of BITS bits, one word an invocation: floor of the position between a group's levels, plus a random number or one half.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> scales: array<u32>;
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;
struct Params { count: u32, group: u32, stream: u32 }
@group(1) @binding(0) var<uniform> p: Params;

const LEVELS: f32 = f32((1u << BITS) - 1u);
const LANES: u32 = 32u / BITS;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let word = id.x;
  if (word * LANES >= p.count) { return; }
  var bits = 0u;
  for (var lane = 0u; lane < LANES; lane++) {
    let i = word * LANES + lane;
    if (i >= p.count) { break; }
    let scale = scales[i / p.group];
    let step = bitcast<f32>(scale & 0xffff0000u);
    if (step > 0.0) {
      let shift = select(0.5, random(p.stream, i), STOCHASTIC);
      let code = clamp(floor((x[i] - bitcast<f32>(scale << 16u)) / step + shift), 0.0, LEVELS);
      bits |= u32(code) << (BITS * lane);
    }
  }
  codes[word] = bits;
}
