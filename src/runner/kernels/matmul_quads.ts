/**
 * WGSL of the matrix product for drivers on which a load costs as much as dozens of multiplications. All invocations of a
 * workgroup hold the same rows and columns of their own; each of a quad's four invocations loads a quarter of the rows' operand
 * and the others get it by `quadBroadcast`, which works for every size of subgroup. No workgroup memory, no barrier, no early
 * return: broadcasts need every invocation. Four steps of k are one expression, so that a sum is written once for them.
 */
import type { QuadTile } from '../tuning';

export interface QuadVariant extends QuadTile {
  form: 'nt' | 'nn' | 'tn';
  addend: boolean;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const FIELD = ['x', 'y', 'z', 'w'] as const;

/** Every stride, offset and width is a multiple of four; the depth may be any where `form` is `tn`. */
export function quadSource({ form, lanes, rows, quads, addend }: QuadVariant): string {
  const all = range(rows);
  const own = range(quads);
  const four = range(4);
  const names = ['a', 'b', 'c', ...(addend ? ['r'] : [])];
  const code = [
    'enable subgroups;',
    ...names.map((name, index) => `@group(0) @binding(${index}) var<storage, read_write> ${name}: array<vec4<f32>>;`),
    'struct Params { m: u32, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32, a0: u32, b0: u32, c0: u32, r0: u32, alpha: f32, accumulate: u32, held: u32 }',
    '@group(1) @binding(0) var<uniform> p: Params;',
    `@compute @workgroup_size(${lanes})`,
    'fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32, @builtin(subgroup_invocation_id) lane: u32) {',
    `  let i0 = group.y * ${rows}u;`,
    // Columns in vectors of four: those of an invocation are `lanes` vectors apart.
    `  let first = group.x * ${lanes * quads}u + local;`,
    '  let last = (p.n >> 2u) - 1u;',
    '  let place = lane & 3u;',
  ];
  for (const q of own) {
    code.push(`  let j${q} = min(first + ${q * lanes}u, last);`);
    for (const i of all) code.push(`  var s${i}_${q} = vec4<f32>();`);
  }
  // The rows' operand: a vector of four steps of k for each row, or (tn) of four rows for each step.
  if (form === 'tn')
    for (const g of range(rows / 16)) code.push(`  let a${g} = (p.a0 + min(i0 + ${g * 16}u + place * 4u, p.m - 4u)) >> 2u;`);
  else for (const g of range(rows / 4)) code.push(`  let a${g} = (p.a0 + min(i0 + ${g * 4}u + place, p.m - 1u) * p.lda) >> 2u;`);
  if (form === 'nt')
    for (const q of own) for (const f of four) code.push(`  let b${q}_${f} = (p.b0 + (j${q} * 4u + ${f}u) * p.ldb) >> 2u;`);
  else for (const q of own) code.push(`  let b${q} = (p.b0 >> 2u) + j${q};`);
  code.push('  for (var k = 0u; k < p.k; k += 4u) {');
  // y: four steps of k by four columns, as four vectors.
  if (form === 'nt') for (const q of own) for (const f of four) code.push(`    let y${f}_${q} = b[b${q}_${f} + (k >> 2u)];`);
  else {
    for (const f of four) {
      // Steps beyond the last read the last one again; the other factor is zero there.
      code.push(`    let k${f} = ${form === 'tn' ? `min(k + ${f}u, p.k - 1u)` : `k + ${f}u`};`);
      for (const q of own) code.push(`    let y${f}_${q} = b[b${q} + k${f} * (p.ldb >> 2u)];`);
    }
  }
  const add = (i: number, q: number, x: (f: number) => string, whole: string) => {
    const value =
      form === 'nt'
        ? `vec4<f32>(${four.map((f) => `dot(${whole}, y${f}_${q})`).join(', ')})`
        : four.map((f) => `${x(f)} * y${f}_${q}`).join(' + ');
    code.push(`    s${i}_${q} += ${value};`);
  };
  if (form === 'tn')
    for (const g of range(rows / 16)) {
      for (const f of four)
        code.push(`    let z${g}_${f} = select(vec4<f32>(), a[a${g} + k${f} * (p.lda >> 2u)], k + ${f}u < p.k);`);
      for (const h of four) {
        for (const f of four) code.push(`    let x${g}_${h}_${f} = quadBroadcast(z${g}_${f}, ${h}u);`);
        for (const e of four) for (const q of own) add(g * 16 + h * 4 + e, q, (f) => `x${g}_${h}_${f}.${FIELD[e]}`, '');
      }
    }
  else
    for (const g of range(rows / 4)) {
      code.push(`    let z${g} = a[a${g} + (k >> 2u)];`);
      for (const f of four) {
        const i = g * 4 + f;
        code.push(`    let x${i} = quadBroadcast(z${g}, ${f}u);`);
        for (const q of own) add(i, q, (e) => `x${i}.${FIELD[e]}`, `x${i}`);
      }
    }
  code.push('  }');
  // A loop over what is held, of as many turns as a parameter says: software drivers take as long to compile a store as dozens of
  // products, and lavapipe writes out a loop whose turns it can count.
  code.push(`  var sums: array<vec4<f32>, ${rows * quads}>;`);
  for (const i of all) for (const q of own) code.push(`  sums[${i * quads + q}] = s${i}_${q};`);
  code.push(
    '  for (var at = 0u; at < p.held; at++) {',
    `    let i = i0 + at / ${quads}u;`,
    `    let j = first + at % ${quads}u * ${lanes}u;`,
    '    if (i < p.m && j <= last) {',
    '      let to = ((p.c0 + i * p.ldc) >> 2u) + j;',
    '      var out = p.alpha * sums[at];',
    '      if (p.accumulate != 0u) { out += c[to]; }',
    ...(addend ? ['      out += r[((p.r0 + i * p.ldc) >> 2u) + j];'] : []),
    '      c[to] = out;',
    '    }',
    '  }',
  );
  code.push('}');
  return code.join('\n');
}
