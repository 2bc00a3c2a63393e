// One workgroup a block of SIDE rows by SIDE columns of a tile of gradients: where every one of them is below the least, all become zero. Whether
// anything is left is written for each block. A `Word` is WIDE neighbours of a row.
@group(0) @binding(0) var<storage, read_write> tile: array<Word>;
@group(0) @binding(1) var<storage, read_write> left: array<u32>;
struct Params { rows: u32, stride: u32, across: u32, least: f32 }
@group(1) @binding(0) var<uniform> p: Params;

const SIDE: u32 = 64u;
var<workgroup> kept: atomic<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = id.x;
  let row = (block / p.across) * SIDE + lane;
  let first = (block % p.across) * SIDE;
  let last = select(first, min(first + SIDE, p.stride), row < p.rows);
  let begin = (row * p.stride + first) / WIDE;
  let end = (row * p.stride + last) / WIDE;
  var some = false;
  // What is no number is not below the least.
  for (var i = begin; i < end; i++) { some = some || any(!(abs(tile[i]) < Word(p.least))); }
  if (some) { atomicStore(&kept, 1u); }
  workgroupBarrier();
  let any_left = atomicLoad(&kept);
  if (lane == 0u) { left[block] = any_left; }
  if (any_left == 1u) { return; }
  for (var i = begin; i < end; i++) { tile[i] = Word(0.0); }
}
