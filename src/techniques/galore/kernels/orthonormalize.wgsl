// Modified Gram-Schmidt over rows, twice, by one workgroup: once row i stands, every later row gives up its part along it. A
// round is one row; the last of each turn makes every row one long.
@group(0) @binding(0) var<storage, read_write> rows: array<f32>;
struct Params { count: u32, length: u32 }
@group(1) @binding(0) var<uniform> p: Params;

fn product(a: u32, b: u32) -> f32 {
  var sum = 0.0;
  for (var x = 0u; x < p.length; x++) { sum += rows[a * p.length + x] * rows[b * p.length + x]; }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var round = p.origin.x; round < p.origin.y; round++) {
    let i = round % (p.count + 1u);
    if (i < p.count) {
      let size = max(product(i, i), 1e-38);
      for (var j = i + 1u + lane; j < p.count; j += 64u) {
        let part = product(i, j) / size;
        for (var x = 0u; x < p.length; x++) { rows[j * p.length + x] -= part * rows[i * p.length + x]; }
      }
    } else {
      for (var j = lane; j < p.count; j += 64u) {
        let scale = 1.0 / sqrt(max(product(j, j), 1e-38));
        for (var x = 0u; x < p.length; x++) { rows[j * p.length + x] *= scale; }
      }
    }
    storageBarrier();
    workgroupBarrier();
  }
}
