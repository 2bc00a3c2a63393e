// The arithmetic of tile_gradient_wide.wgsl, one row an invocation, four words a load.
@group(0) @binding(0) var<storage, read_write> tile: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
struct Params { rows: u32, stride: u32, width: u32, first: u32, row: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= p.rows) { return; }
  let quads = p.stride / 4u;
  let at = row * quads;
  let lse = stats[row * 3u];
  let word = targets[p.row + row];
  let width = select(p.width, 0u, word == 0xFFFFFFFFu);
  let whole = width / 4u;
  for (var q = 0u; q < whole; q++) { tile[at + q] = exp(tile[at + q] - lse) * p.scale; }
  for (var q = whole; q < quads; q++) {
    let inside = vec4<u32>(0u, 1u, 2u, 3u) + 4u * q < vec4<u32>(width);
    tile[at + q] = select(vec4<f32>(), exp(tile[at + q] - lse) * p.scale, inside);
  }
  let column = word - p.first;
  if (column < width) { tile[at + column / 4u][column % 4u] -= p.scale; }
}
