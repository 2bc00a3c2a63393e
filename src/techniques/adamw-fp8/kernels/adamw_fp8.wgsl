// One Adam step with both moments in 8-bit floats, one group an invocation: decode, update, find the group's new ranges, use the unrounded
// moments, encode. Codes are packed four to a word; a group's own numbers are its scale and, where EXPAND, its power and its middle.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean_codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> mean_groups: array<f32>;
@group(0) @binding(3) var<storage, read_write> square_codes: array<u32>;
@group(0) @binding(4) var<storage, read_write> square_groups: array<f32>;
@group(0) @binding(5) var<storage, read_write> parameter: array<f32>;
struct Params {
  count: u32, group: u32, rate: f32, epsilon: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, keep: f32,
}
@group(1) @binding(0) var<uniform> p: Params;

fn is_finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

fn fit(range: vec2<u32>) -> Expansion {
  if (EXPAND) { return expansion_of(range.x, range.y); }
  return Expansion(bitcast<f32>(range.x) / MOST, 1.0, 1.0);
}
fn store(value: f32, by: Expansion) -> u32 {
  if (EXPAND) { return encode(shrunk(value, by)); }
  return select(encode(value / by.scale), 0u, by.scale == 0.0);
}
fn load(code: u32, by: Expansion) -> f32 {
  if (EXPAND) { return grown(decode(code), by); }
  return decode(code) * by.scale;
}

/// Both moments of element i after this step; zero where its gradient is no number.
fn moments(i: u32, mean: Expansion, square: Expansion) -> vec2<f32> {
  let g = gradient[i];
  if (!is_finite(g)) { return vec2<f32>(); }
  let shift = 8u * (i % 4u);
  let m = load((mean_codes[i / 4u] >> shift) & 255u, mean);
  let v = load((square_codes[i / 4u] >> shift) & 255u, square);
  return vec2<f32>(p.beta1 * m + p.rest1 * g, p.beta2 * v + p.rest2 * g * g);
}

/// Bits of the largest magnitude so far, and of the least that is as good as no zero.
fn widened(range: vec2<u32>, value: f32) -> vec2<u32> {
  let bits = bitcast<u32>(value) & 0x7fffffffu;
  return vec2<u32>(max(range.x, bits), select(range.y, min(range.y, bits), bits >= 0x800000u));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let group = id.x;
  let begin = group * p.group;
  if (begin >= p.count) { return; }
  let to = min(begin + p.group, p.count);
  let at = group * select(1u, 3u, EXPAND);
  var old_mean = Expansion(mean_groups[at], 1.0, 1.0);
  var old_square = Expansion(square_groups[at], 1.0, 1.0);
  if (EXPAND) {
    old_mean = Expansion(mean_groups[at], mean_groups[at + 1u], mean_groups[at + 2u]);
    old_square = Expansion(square_groups[at], square_groups[at + 1u], square_groups[at + 2u]);
  }
  var means = vec2<u32>(0u, 0x7f800000u);
  var squares = means;
  for (var i = begin; i < to; i++) {
    let both = moments(i, old_mean, old_square);
    means = widened(means, both.x);
    squares = widened(squares, both.y);
  }
  let mean = fit(means);
  let square = fit(squares);
  for (var word = begin / 4u; word < (to + 3u) / 4u; word++) {
    var codes = vec2<u32>();
    for (var lane = 0u; lane < 4u; lane++) {
      let i = word * 4u + lane;
      if (i >= to) { break; }
      let both = moments(i, old_mean, old_square);
      if (is_finite(gradient[i])) {
        parameter[i] = (parameter[i] - p.rate * both.x / (sqrt(both.y) + p.epsilon)) * p.keep;
      }
      codes |= vec2<u32>(store(both.x, mean), store(both.y, square)) << vec2<u32>(8u * lane);
    }
    mean_codes[word] = codes.x;
    square_codes[word] = codes.y;
  }
  mean_groups[at] = mean.scale;
  square_groups[at] = square.scale;
  if (EXPAND) {
    mean_groups[at + 1u] = mean.power;
    mean_groups[at + 2u] = mean.middle;
    square_groups[at + 1u] = square.power;
    square_groups[at + 2u] = square.middle;
  }
}
