// Rotates the two halves of each head by the row's absolute position, in place; `direction` −1 turns back.
// The table holds, for each position, dim / 2 cosines and then as many sines: the device's own may be too coarse.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> table: array<f32>;
struct Params { rows: u32, row: u32, heads: u32, dim: u32, batch: u32, position: u32, direction: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  let half = p.dim / 2u;
  if (i >= p.rows * p.heads * half) { return; }
  let row = i / (p.heads * half);
  let head = (i / half) % p.heads;
  let j = i % half;
  let entry = (p.position + row / p.batch) * p.dim + j;
  let c = table[entry];
  let s = table[entry + half] * p.direction;
  let at = ((p.row + row) * p.heads + head) * p.dim + j;
  let a = x[at];
  let b = x[at + half];
  x[at] = a * c - b * s;
  x[at + half] = b * c + a * s;
}
