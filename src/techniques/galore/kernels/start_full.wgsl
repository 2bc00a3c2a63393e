// work becomes the gradient with its smaller side as rows, basis the identity.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> work: array<f32>;
@group(0) @binding(2) var<storage, read_write> basis: array<f32>;
struct Params { small: u32, large: u32, transpose: u32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i < p.small * p.small) { basis[i] = select(0.0, 1.0, i / p.small == i % p.small); }
  if (i >= p.small * p.large) { return; }
  let row = i / p.large;
  let column = i % p.large;
  work[i] = gradient[select(i, column * p.small + row, p.transpose != 0u)];
}
