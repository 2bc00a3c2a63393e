fn expansion_at(group: u32) -> Expansion { return Expansion(scales[group * 3u], scales[group * 3u + 1u], scales[group * 3u + 2u]); }
fn shrink(value: f32, group: u32) -> f32 { return shrunk(value, expansion_at(group)); }
fn grow(value: f32, group: u32) -> f32 { return grown(value, expansion_at(group)); }
