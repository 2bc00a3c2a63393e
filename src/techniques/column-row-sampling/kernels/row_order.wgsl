// One invocation a row: its place in descending order of length, found by counting the rows before it. Ties go by number.
@group(0) @binding(0) var<storage, read_write> lengths: array<f32>;
@group(0) @binding(1) var<storage, read_write> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> sorted: array<f32>;
struct Params { rows: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let own = lengths[row];
  var place = 0u;
  for (var other = 0u; other < p.rows; other++) {
    let length = lengths[other];
    place += select(0u, 1u, length > own || (length == own && other < row));
  }
  order[place] = row;
  sorted[place] = own;
}
