// Four codes an invocation.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> scales: array<SCALE>;
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;
struct Params { rows: u32, columns: u32, group: u32, across: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let word = id.x;
  let count = p.rows * p.columns;
  if (word * 4u >= count) { return; }
  var bits = 0u;
  for (var lane = 0u; lane < 4u; lane++) {
    let i = word * 4u + lane;
    if (i >= count) { break; }
    bits |= encode(shrink(x[i], (i / p.columns) * p.across + (i % p.columns) / p.group)) << (8u * lane);
  }
  codes[word] = bits;
}
