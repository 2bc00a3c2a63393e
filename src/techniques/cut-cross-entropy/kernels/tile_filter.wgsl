// One workgroup a block of SIDE rows by SIDE columns of a tile of gradients: where every one of them is below the least, all become zero. Whether
// anything is left is written for each block.
@group(0) @binding(0) var<storage, read_write> tile: array<f32>;
@group(0) @binding(1) var<storage, read_write> left: array<u32>;
struct Params { rows: u32, stride: u32, across: u32, least: f32 }
@group(1) @binding(0) var<uniform> p: Params;

const SIDE: u32 = 64u;
var<workgroup> kept: atomic<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = id.x;
  let row = (block / p.across) * SIDE + lane;
  let begin = (block % p.across) * SIDE;
  let end = select(begin, min(begin + SIDE, p.stride), row < p.rows);
  for (var c = begin; c < end; c++) {
    // What is no number is not below the least.
    if (!(abs(tile[row * p.stride + c]) < p.least)) { atomicStore(&kept, 1u); }
  }
  workgroupBarrier();
  let any = atomicLoad(&kept);
  if (lane == 0u) { left[block] = any; }
  if (any == 1u) { return; }
  for (var c = begin; c < end; c++) { tile[row * p.stride + c] = 0.0; }
}
