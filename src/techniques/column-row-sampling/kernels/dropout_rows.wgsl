// The mask of `dropout` on rows taken out of their order: numbers say which they were.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> numbers: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
struct Params { count: u32, columns: u32, first: u32, stream: u32, probability: f32 }
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= p.count) { return; }
  let element = (p.first + numbers[i / p.columns]) * p.columns + i % p.columns;
  let kept = random(p.stream, element) >= p.probability;
  out[i] = select(0.0, x[i] / (1.0 - p.probability), kept);
}
