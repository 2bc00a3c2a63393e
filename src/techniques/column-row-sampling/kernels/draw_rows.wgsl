// One workgroup draws the rows of a sample. The longest are taken for certain, as many as leave the least to chance for each row that is
// drawn; the others are drawn in proportion to their length, each with the factor that makes the sum right on average.
@group(0) @binding(0) var<storage, read_write> order: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // lengths in descending order; then each with all that follow
@group(0) @binding(2) var<storage, read_write> numbers: array<u32>;
@group(0) @binding(3) var<storage, read_write> factors: array<f32>;
struct Params { rows: u32, kept: u32, first: u32, stream: u32 }
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> certain: u32;

fn from_place(place: u32) -> f32 {
  if (place >= p.rows) { return 0.0; }
  return sums[place];
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  if (p.kept >= p.rows) {
    for (var j = lane; j < p.kept; j += 64u) {
      numbers[j] = select(0u, j, j < p.rows);
      factors[j] = select(0.0, 1.0, j < p.rows);
    }
    return;
  }
  if (lane == 0u) {
    // The small ones first, so that they count.
    for (var place = p.rows - 1u; place > 0u; place--) { sums[place - 1u] += sums[place]; }
    var least = sums[0] / f32(p.kept);
    for (var taken = 1u; taken < p.kept; taken++) {
      let left = sums[taken] / f32(p.kept - taken);
      if (left < least) {
        least = left;
        certain = taken;
      }
    }
  }
  storageBarrier();
  let winners = workgroupUniformLoad(&certain);
  let left = sums[winners];
  for (var j = lane; j < p.kept; j += 64u) {
    if (j < winners) {
      numbers[j] = order[j];
      factors[j] = 1.0;
      continue;
    }
    let point = random(p.stream, p.first + j) * left;
    // The first place after which no more is left than this.
    var low = winners;
    var high = p.rows - 1u;
    while (low < high) {
      let middle = (low + high) / 2u;
      if (from_place(middle + 1u) <= point) { high = middle; } else { low = middle + 1u; }
    }
    let own = from_place(low) - from_place(low + 1u);
    numbers[j] = order[low];
    factors[j] = select(0.0, left / (f32(p.kept - winners) * own), own > 0.0);
  }
}
