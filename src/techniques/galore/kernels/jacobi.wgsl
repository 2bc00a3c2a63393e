// One sweep of one-sided Jacobi: every pair of rows of `work` is rotated until orthogonal, in rounds of disjoint pairs (a round
// robin of `count` rows); `basis` turns along. One workgroup, one pair an invocation.
@group(0) @binding(0) var<storage, read_write> work: array<f32>;
@group(0) @binding(1) var<storage, read_write> basis: array<f32>;
struct Params { count: u32, length: u32, width: u32 }
@group(1) @binding(0) var<uniform> p: Params;

const LANES: u32 = 128u;

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) lane: u32) {
  let even = p.count + (p.count & 1u);
  let cycle = even - 1u;
  for (var round = p.origin.x; round < p.origin.y; round++) {
    for (var pair = lane; pair < even / 2u; pair += LANES) {
      let first = (round + pair) % cycle;
      let second = select((round + cycle - pair) % cycle, cycle, pair == 0u);
      let a = min(first, second);
      let b = max(first, second);
      if (b < p.count) {
        var aa = 0.0;
        var bb = 0.0;
        var ab = 0.0;
        for (var x = 0u; x < p.length; x++) {
          let l = work[a * p.length + x];
          let r = work[b * p.length + x];
          aa += l * l;
          bb += r * r;
          ab += l * r;
        }
        if (abs(ab) > 1e-8 * sqrt(aa) * sqrt(bb) && abs(ab) > 1e-37) {
          let zeta = (bb - aa) / (2.0 * ab);
          let side = select(-1.0, 1.0, zeta >= 0.0);
          let t = select(side / (abs(zeta) + sqrt(1.0 + zeta * zeta)), 0.5 / zeta, abs(zeta) > 1e9);
          let c = 1.0 / sqrt(1.0 + t * t);
          let s = c * t;
          for (var x = 0u; x < p.length; x++) {
            let l = work[a * p.length + x];
            let r = work[b * p.length + x];
            work[a * p.length + x] = c * l - s * r;
            work[b * p.length + x] = s * l + c * r;
          }
          for (var x = 0u; x < p.width; x++) {
            let l = basis[a * p.width + x];
            let r = basis[b * p.width + x];
            basis[a * p.width + x] = c * l - s * r;
            basis[b * p.width + x] = s * l + c * r;
          }
        }
      }
    }
    storageBarrier();
    workgroupBarrier();
  }
}
