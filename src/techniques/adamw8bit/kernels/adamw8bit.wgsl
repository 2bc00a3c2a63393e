// One Adam step with both moments in blockwise 8-bit codes, one block an invocation: decode, update, find the block's new
// maxima, use the unrounded moments, encode. Codes are packed four to a word; `apply` comes with the variant.
struct Params {
  count: u32, block: u32, rate: f32, epsilon: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, keep: f32,
}
@group(1) @binding(0) var<uniform> p: Params;

/// The nearest code; a value never changes its sign by rounding.
fn signed_code(value: f32) -> u32 {
  var low = 0u;
  var high = 255u;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (signed_value(middle) <= value) { low = middle; } else { high = middle; }
  }
  var code = select(low, high, value - signed_value(low) > signed_value(high) - value);
  if (value < 0.0 && code >= 127u) { code = 126u; }
  if (value > 0.0 && code < 127u) { code = 127u; }
  return code;
}

fn unsigned_code(value: f32) -> u32 {
  var low = 0u;
  var high = 255u;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (unsigned_value(middle) <= value) { low = middle; } else { high = middle; }
  }
  return select(low, high, value - unsigned_value(low) > unsigned_value(high) - value);
}

fn byte_of(word: u32, lane: u32) -> u32 { return (word >> (8u * lane)) & 255u; }

fn is_finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

/// Both moments of element i after this step; zero where its gradient is no number.
fn moments(i: u32, block: u32) -> vec2<f32> {
  let g = gradient[i];
  if (!is_finite(g)) { return vec2<f32>(); }
  let m = signed_value(byte_of(mean_codes[i / 4u], i % 4u)) * mean_max[block];
  let v = unsigned_value(byte_of(square_codes[i / 4u], i % 4u)) * square_max[block];
  return vec2<f32>(p.beta1 * m + p.rest1 * g, p.beta2 * v + p.rest2 * g * g);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.x;
  let begin = block * p.block;
  if (begin >= p.count) { return; }
  let to = min(begin + p.block, p.count);
  var high = vec2<f32>();
  for (var i = begin; i < to; i++) { high = max(high, abs(moments(i, block))); }
  for (var word = begin / 4u; word < (to + 3u) / 4u; word++) {
    var means = 0u;
    var squares = 0u;
    for (var lane = 0u; lane < 4u; lane++) {
      let i = word * 4u + lane;
      var codes = vec2<u32>(127u, 0u);
      if (i < to) {
        let both = moments(i, block);
        if (high.x > 0.0) { codes.x = signed_code(both.x / high.x); }
        if (high.y > 0.0) { codes.y = unsigned_code(both.y / high.y); }
        if (is_finite(gradient[i])) { apply(i, p.rate * both.x / (sqrt(both.y) + p.epsilon)); }
      }
      means |= codes.x << (8u * lane);
      squares |= codes.y << (8u * lane);
    }
    mean_codes[word] = means;
    square_codes[word] = squares;
  }
  mean_max[block] = high.x;
  square_max[block] = high.y;
}
