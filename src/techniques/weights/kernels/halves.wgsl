// Sixteen-bit floats, two to a word, to and from float32; `pack`, `unpack` and the direction come with the variant.
@group(0) @binding(0) var<storage, read_write> halves: array<u32>;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = 2u * id.x;
  if (i >= p.count) { return; }
  let both = i + 1u < p.count;
  if (PACKS) {
    halves[i / 2u] = pack(vec2(x[i], select(0.0, x[min(i + 1u, p.count - 1u)], both)));
  } else {
    let pair = unpack(halves[i / 2u]);
    x[i] = pair.x;
    if (both) { x[i + 1u] = pair.y; }
  }
}
