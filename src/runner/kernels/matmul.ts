/**
 * WGSL of the matrix product. Every invocation holds a square tile of the result in registers: no workgroup memory and no
 * barrier, which software drivers are slow at. Loads and stores are vectors of four where the shapes allow it.
 */
export interface MatmulVariant {
  form: 'nt' | 'nn' | 'tn';
  /** Rows and columns of an invocation's tile: 4 or 8. */
  tile: number;
  /** Every stride and offset is a multiple of four, and so is each dimension that is loaded along. */
  vector: boolean;
  accumulate: boolean;
  addend: boolean;
}

/** Invocations of a workgroup in each direction. */
export const MATMUL_GROUP = 8;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Four consecutive elements; beyond `limit` they are zero. */
const accessor = (name: string, vector: boolean): string =>
  vector
    ? `fn load_${name}(at: u32, left: u32) -> vec4<f32> { return ${name}[at >> 2u]; }`
    : `fn load_${name}(at: u32, left: u32) -> vec4<f32> {
  var value = vec4<f32>();
  if (left > 0u) { value.x = ${name}[at]; }
  if (left > 1u) { value.y = ${name}[at + 1u]; }
  if (left > 2u) { value.z = ${name}[at + 2u]; }
  if (left > 3u) { value.w = ${name}[at + 3u]; }
  return value;
}`;

const FIELD = ['x', 'y', 'z', 'w'] as const;

export function matmulSource({ form, tile, vector, accumulate, addend }: MatmulVariant): string {
  const element = vector ? 'vec4<f32>' : 'f32';
  const quads = range(tile / 4);
  const rows = range(tile);
  const lines: string[] = [];
  const names = ['a', 'b', 'c', ...(addend ? ['r'] : [])];
  names.forEach((name, index) => {
    lines.push(`@group(0) @binding(${index}) var<storage, read_write> ${name}: array<${element}>;`);
  });
  lines.push(
    'struct Params { m: u32, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32, a0: u32, b0: u32, c0: u32, r0: u32, alpha: f32 }',
  );
  lines.push('@group(1) @binding(0) var<uniform> p: Params;');
  for (const name of ['a', 'b', ...(accumulate ? ['c'] : []), ...(addend ? ['r'] : [])]) lines.push(accessor(name, vector));
  lines.push(`@compute @workgroup_size(${MATMUL_GROUP}, ${MATMUL_GROUP})`);
  lines.push('fn main(@builtin(global_invocation_id) id: vec3<u32>) {');
  lines.push(`  let i0 = id.y * ${tile}u; let j0 = id.x * ${tile}u;`);
  lines.push('  if (i0 >= p.m || j0 >= p.n) { return; }');
  // Rows and columns beyond the edge read the last one instead; they are not stored.
  const row = (index: number) => `min(i0 + ${index}u, p.m - 1u)`;
  const quadLeft = (quad: number) => `select(0u, p.n - j0 - ${quad * 4}u, j0 + ${quad * 4}u < p.n)`;
  const quadAt = (quad: number) => (vector ? `min(j0 + ${quad * 4}u, p.n - 4u)` : `j0 + ${quad * 4}u`);
  if (form === 'nt') {
    for (const i of rows) for (const j of rows) lines.push(`  var s${i}_${j} = 0.0;`);
    for (const i of rows) lines.push(`  let a${i} = p.a0 + ${row(i)} * p.lda;`);
    for (const j of rows) lines.push(`  let b${j} = p.b0 + min(j0 + ${j}u, p.n - 1u) * p.ldb;`);
    lines.push('  for (var k = 0u; k < p.k; k += 4u) {', '    let left = p.k - k;');
    for (const j of rows) lines.push(`    let y${j} = load_b(b${j} + k, left);`);
    for (const i of rows) {
      lines.push(`    let x${i} = load_a(a${i} + k, left);`);
      for (const j of rows) lines.push(`    s${i}_${j} += dot(x${i}, y${j});`);
    }
    lines.push('  }');
    for (const i of rows)
      for (const q of quads)
        lines.push(
          `  let t${i}_${q} = vec4<f32>(${range(4)
            .map((f) => `s${i}_${q * 4 + f}`)
            .join(', ')});`,
        );
  } else {
    for (const i of rows) for (const q of quads) lines.push(`  var t${i}_${q} = vec4<f32>();`);
    for (const q of quads) lines.push(`  let left${q} = ${quadLeft(q)};`, `  let bq${q} = p.b0 + ${quadAt(q)};`);
    if (form === 'nn') {
      for (const i of rows) lines.push(`  let a${i} = p.a0 + ${row(i)} * p.lda;`);
      lines.push('  for (var k = 0u; k < p.k; k += 4u) {', '    let left = p.k - k;');
      for (const i of rows) lines.push(`    let x${i} = load_a(a${i} + k, left);`);
      for (const f of range(4)) {
        // Beyond the last k the factor of `a` is zero, so the last row of `b` may be read again.
        lines.push(`    let k${f} = min(k + ${f}u, p.k - 1u) * p.ldb;`);
        for (const q of quads) {
          lines.push(`    let y${f}_${q} = load_b(bq${q} + k${f}, left${q});`);
          for (const i of rows) lines.push(`    t${i}_${q} += x${i}.${FIELD[f]} * y${f}_${q};`);
        }
      }
      lines.push('  }');
    } else {
      for (const g of quads)
        lines.push(
          `  let am${g} = p.a0 + ${vector ? `min(i0 + ${g * 4}u, p.m - 4u)` : `i0 + ${g * 4}u`};`,
          `  let ml${g} = select(0u, p.m - i0 - ${g * 4}u, i0 + ${g * 4}u < p.m);`,
        );
      lines.push('  for (var k = 0u; k < p.k; k++) {');
      for (const q of quads) lines.push(`    let y${q} = load_b(bq${q} + k * p.ldb, left${q});`);
      for (const g of quads) {
        lines.push(`    let x${g} = load_a(am${g} + k * p.lda, ml${g});`);
        for (const f of range(4)) for (const q of quads) lines.push(`    t${g * 4 + f}_${q} += x${g}.${FIELD[f]} * y${q};`);
      }
      lines.push('  }');
    }
  }
  for (const i of rows) {
    lines.push(`  if (i0 + ${i}u < p.m) {`);
    for (const q of quads) {
      lines.push(`    if (j0 + ${q * 4}u < p.n) {`);
      lines.push(`      let at = p.c0 + (i0 + ${i}u) * p.ldc + j0 + ${q * 4}u;`, `      let left = p.n - j0 - ${q * 4}u;`);
      lines.push(`      var out = p.alpha * t${i}_${q};`);
      if (accumulate) lines.push('      out += load_c(at, left);');
      if (addend) lines.push(`      out += load_r(p.r0 + (i0 + ${i}u) * p.ldc + j0 + ${q * 4}u, left);`);
      if (vector) lines.push('      c[at >> 2u] = out;');
      else for (const f of range(4)) lines.push(`      if (left > ${f}u) { c[at + ${f}u] = out.${FIELD[f]}; }`);
      lines.push('    }');
    }
    lines.push('  }');
  }
  lines.push('}');
  return lines.join('\n');
}
