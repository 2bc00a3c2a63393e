// One row a workgroup: what its invocations find is joined here.
const LANES: u32 = 128u;
var<workgroup> found: array<f32, LANES>;

/// Σ over the workgroup; every invocation gets it. To be called by all of them.
fn total(lane: u32, value: f32) -> f32 {
  found[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { found[lane] += found[lane + half]; }
  }
  workgroupBarrier();
  let result = found[0];
  workgroupBarrier();
  return result;
}

/// The largest over the workgroup; every invocation gets it. To be called by all of them.
fn highest(lane: u32, value: f32) -> f32 {
  found[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { found[lane] = max(found[lane], found[lane + half]); }
  }
  workgroupBarrier();
  let result = found[0];
  workgroupBarrier();
  return result;
}
