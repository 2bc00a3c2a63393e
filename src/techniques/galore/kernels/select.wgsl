// Rows of `basis` in the order of their singular values (the lengths of `work`'s rows), the first `rank` of them into the
// projector, each scaled to length one and turned so that its largest element is positive.
@group(0) @binding(0) var<storage, read_write> work: array<f32>;
@group(0) @binding(1) var<storage, read_write> basis: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> projector: array<f32>;
struct Params { count: u32, length: u32, width: u32, rank: u32, columns: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var i = lane; i < p.count; i += 64u) {
    var sum = 0.0;
    for (var x = 0u; x < p.length; x++) { let value = work[i * p.length + x]; sum += value * value; }
    values[i] = sum;
  }
  storageBarrier();
  workgroupBarrier();
  for (var i = lane; i < p.count; i += 64u) {
    var place = 0u;
    for (var j = 0u; j < p.count; j++) {
      if (values[j] > values[i] || (values[j] == values[i] && j < i)) { place++; }
    }
    if (place < p.rank) {
      var largest = 0.0;
      var size = 0.0;
      for (var x = 0u; x < p.width; x++) {
        let value = basis[i * p.width + x];
        size += value * value;
        if (abs(value) > abs(largest)) { largest = value; }
      }
      let scale = select(-1.0, 1.0, largest >= 0.0) * turn(place) / sqrt(max(size, 1e-38));
      for (var x = 0u; x < p.width; x++) {
        let at = select(place * p.width + x, x * p.rank + place, p.columns != 0u);
        projector[at] = basis[i * p.width + x] * scale;
      }
    }
  }
}
