/// Invocations of a workgroup of the one-dimensional kernels.
const WIDTH: u32 = 64u;

/// A permutation-based hash of 32 bits (PCG's output function): the counter-based generator of every random number here.
fn hash(value: u32) -> u32 {
  let state = value * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

/// Uniform in [0, 1), for a stream and a position in it.
fn random(stream: u32, index: u32) -> f32 {
  return f32(hash(stream ^ hash(index)) >> 8u) * 5.9604644775390625e-8;
}
