/// A normal number for a stream and a position in it (Box and Muller): any order of invocations draws the same ones.
fn normal(stream: u32, index: u32) -> f32 {
  let radius = sqrt(-2.0 * log(1.0 - random(stream, 2u * index)));
  // The angle lies between −π and π, where WGSL bounds the error of a cosine.
  return radius * cos(6.283185307179586 * random(stream, 2u * index + 1u) - 3.141592653589793);
}
