@group(0) @binding(3) var<storage, read_write> row: array<f32>;

fn of_row(own: u32, lane: u32) -> f32 {
  var sum = 0.0;
  for (var r = lane; r < p.rows; r += LANES) { sum += row[r]; }
  return sqrt(total(lane, sum) / f32(p.rows) / row[own]);
}
