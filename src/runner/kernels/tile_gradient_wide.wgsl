// A tile of logits becomes its gradient, (exp(z − lse) − one-hot) · scale; columns beyond `width` are not read later.
@group(0) @binding(0) var<storage, read_write> tile: array<f32>;
@group(0) @binding(1) var<storage, read_write> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
struct Params { rows: u32, stride: u32, width: u32, first: u32, row: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.rows * p.stride) { return; }
  let row = i / p.stride;
  let column = i % p.stride;
  let word = targets[p.row + row];
  var d = exp(tile[i] - stats[row * 3u]);
  if (p.first + column == word) { d -= 1.0; }
  tile[i] = select(0.0, d * p.scale, column < p.width && word != 0xFFFFFFFFu);
}
