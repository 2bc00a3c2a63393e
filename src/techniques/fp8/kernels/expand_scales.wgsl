// Dynamic range expansion, one group an invocation: the power that stretches the group's range over that of the codes, the middle that it
// is taken about, and the scale of the result.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> scales: array<f32>;
struct Params { rows: u32, columns: u32, group: u32, across: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let index = id.x;
  if (index >= p.rows * p.across) { return; }
  let row = index / p.across;
  let begin = (index % p.across) * p.group;
  var high = 0u;
  var low = 0x7f800000u;
  for (var c = begin; c < min(begin + p.group, p.columns); c++) {
    let bits = bitcast<u32>(x[row * p.columns + c]) & 0x7fffffffu;
    high = max(high, bits);
    // Zeros, and what is as good as zero, have no place in a logarithm.
    if (bits >= 0x800000u) { low = min(low, bits); }
  }
  let made = expansion_of(high, low);
  scales[index * 3u] = made.scale;
  scales[index * 3u + 1u] = made.power;
  scales[index * 3u + 2u] = made.middle;
}
