// w = level[code] · absmax of its block of 64; the even element is in a byte's high nibble.
@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(1) var<storage, read_write> matrix: array<f32>;
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;

fn level(code: u32) -> f32 {
  var levels = array<f32, 16>(
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
  );
  return levels[code];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let nibble = i % 8u;
  let shift = (nibble / 2u) * 8u + select(0u, 4u, (nibble & 1u) == 0u);
  matrix[i] = level((codes[i / 8u] >> shift) & 15u) * absmax(i / 64u);
}
