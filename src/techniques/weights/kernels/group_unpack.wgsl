// x = scale · (code − zero)
@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(1) var<storage, read_write> scales: array<u32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;
struct Params { count: u32, group: u32 }
@group(1) @binding(0) var<uniform> p: Params;

const LANES: u32 = 32u / WIDE;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let both = scales[i / p.group];
  let code = (codes[i / LANES] >> (WIDE * (i % LANES))) & ((1u << BITS) - 1u);
  x[i] = bitcast<f32>(both << 16u) * (f32(code) - bitcast<f32>(both & 0xffff0000u));
}
