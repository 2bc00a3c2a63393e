/**
 * The attention kernels written out, for SwiftShader: it indexes an array in a loop lane by lane through memory, which takes three
 * times as long as named registers. Other drivers unroll by themselves, and some compile the written-out form for minutes.
 * Keys and queries are taken four at a time; the arithmetic is that of the `.wgsl` files of the same names.
 */
export interface AttentionVariant {
  /** Width of a head, even. */
  dim: number;
  /** Rows of an invocation. */
  rows: number;
}

/** Keys or queries of one turn of the loop. */
const BLOCK = 4;
const LANES = 64;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function parts(dim: number) {
  const width = dim % 4 === 0 ? 4 : 2;
  return { type: `vec${width}<f32>`, count: dim / width };
}

const header = (type: string, buffers: readonly [name: string, vectors: boolean][]): string[] => [
  ...buffers.map(
    ([name, vectors], index) =>
      `@group(0) @binding(${index}) var<storage, read_write> ${name}: array<${vectors ? type : 'f32'}>;`,
  ),
  'struct Params { positions: u32, first: u32, batch: u32, heads: u32, kv_heads: u32, accumulate: u32, scale: f32 }',
  '@group(1) @binding(0) var<uniform> p: Params;',
  `@compute @workgroup_size(${LANES})`,
  'fn main(@builtin(global_invocation_id) id: vec3<u32>) {',
  '  let sample = id.y;',
];

/** dot(a0, b0) + dot(a1, b1) + … */
const dots = (count: number, a: (part: number) => string, b: (part: number) => string): string =>
  range(count)
    .map((part) => `dot(${a(part)}, ${b(part)})`)
    .join(' + ');

const LOWEST = '-3.4e38';

/** o = softmax(q · kᵀ) · v over the keys at or before each query, with log-sum-exps. */
export function forwardSource({ dim, rows }: AttentionVariant): string {
  const { type, count } = parts(dim);
  const code = header(type, [
    ['q', true],
    ['k', true],
    ['v', true],
    ['o', true],
    ['lses', false],
  ]);
  code.push(...queryPlaces(rows, count));
  for (const r of range(rows)) {
    for (const x of range(count)) code.push(`  let q${r}_${x} = q[at${r} + ${x}u] * p.scale;`, `  var o${r}_${x} = ${type}();`);
    code.push(`  var high${r} = ${LOWEST};`, `  var total${r} = 0.0;`);
  }
  code.push(...keyLoop(rows, count));
  for (const x of range(count)) for (const j of range(BLOCK)) code.push(`    let k${j}_${x} = k[key${j} + ${x}u];`);
  for (const r of range(rows)) {
    const score = (j: number) =>
      `select(${LOWEST}, ${dots(
        count,
        (x) => `q${r}_${x}`,
        (x) => `k${j}_${x}`,
      )}, j + ${j}u <= last${r})`;
    code.push(`    let s${r} = vec4<f32>(${range(BLOCK).map(score).join(', ')});`);
    code.push(
      `    let top${r} = max(high${r}, max(max(s${r}.x, s${r}.y), max(s${r}.z, s${r}.w)));`,
      `    let shrink${r} = exp(high${r} - top${r});`,
      // A row may have no key in this block: nothing is added then, whatever the highest score so far.
      `    let w${r} = select(vec4<f32>(), exp(s${r} - top${r}), s${r} > vec4<f32>(${LOWEST}));`,
      `    total${r} = total${r} * shrink${r} + w${r}.x + w${r}.y + w${r}.z + w${r}.w;`,
      `    high${r} = top${r};`,
    );
  }
  for (const x of range(count)) {
    for (const j of range(BLOCK)) code.push(`    let v${j}_${x} = v[key${j} + ${x}u];`);
    for (const r of range(rows))
      code.push(
        `    o${r}_${x} = o${r}_${x} * shrink${r} + w${r}.x * v0_${x} + w${r}.y * v1_${x} + w${r}.z * v2_${x} + w${r}.w * v3_${x};`,
      );
  }
  code.push('  }');
  for (const r of range(rows)) {
    code.push(`  if (begin + ${r}u < p.positions) {`, `    let inverse = 1.0 / total${r};`);
    for (const x of range(count)) code.push(`    o[at${r} + ${x}u] = o${r}_${x} * inverse;`);
    code.push(`    lses[one${r}] = high${r} + log(total${r});`, '  }');
  }
  code.push('}');
  return code.join('\n');
}

/** Gradients of the queries, written over them. */
export function backwardQuerySource({ dim, rows }: AttentionVariant): string {
  const { type, count } = parts(dim);
  const code = header(type, [
    ['q', true],
    ['k', true],
    ['v', true],
    ['upstream', true],
    ['lses', false],
    ['delta', false],
  ]);
  code.push(...queryPlaces(rows, count));
  for (const r of range(rows)) {
    for (const x of range(count))
      code.push(
        `  let q${r}_${x} = q[at${r} + ${x}u] * p.scale;`,
        `  let u${r}_${x} = upstream[at${r} + ${x}u];`,
        `  var d${r}_${x} = ${type}();`,
      );
    code.push(`  let lse${r} = lses[one${r}];`, `  let delta${r} = delta[one${r}];`);
  }
  code.push(...keyLoop(rows, count));
  for (const x of range(count))
    for (const j of range(BLOCK))
      code.push(`    let k${j}_${x} = k[key${j} + ${x}u];`, `    let v${j}_${x} = v[key${j} + ${x}u];`);
  for (const r of range(rows)) {
    const weight = (j: number) =>
      `select(0.0, exp(${dots(
        count,
        (x) => `q${r}_${x}`,
        (x) => `k${j}_${x}`,
      )} - lse${r}), j + ${j}u <= last${r})`;
    const through = (j: number) =>
      `(${dots(
        count,
        (x) => `u${r}_${x}`,
        (x) => `v${j}_${x}`,
      )} - delta${r})`;
    code.push(
      `    let g${r} = vec4<f32>(${range(BLOCK)
        .map((j) => `${weight(j)} * ${through(j)}`)
        .join(', ')}) * p.scale;`,
    );
  }
  for (const x of range(count))
    for (const r of range(rows))
      code.push(`    d${r}_${x} += g${r}.x * k0_${x} + g${r}.y * k1_${x} + g${r}.z * k2_${x} + g${r}.w * k3_${x};`);
  code.push('  }');
  for (const r of range(rows)) {
    code.push(`  if (begin + ${r}u < p.positions) {`);
    for (const x of range(count)) code.push(`    q[at${r} + ${x}u] = d${r}_${x};`);
    code.push('  }');
  }
  code.push('}');
  return code.join('\n');
}

/** Query rows of an invocation: where their vectors and their one number a head stand, and the last key that each sees. */
function queryPlaces(rows: number, count: number): string[] {
  return [
    `  let begin = id.x * ${rows}u;`,
    '  if (begin >= p.positions) { return; }',
    '  let head = id.z;',
    '  let kv = head / (p.heads / p.kv_heads);',
    ...range(rows).flatMap((r) => [
      // Rows beyond the last are computed as the last and not stored.
      `  let i${r} = min(begin + ${r}u, p.positions - 1u);`,
      `  let one${r} = (i${r} * p.batch + sample) * p.heads + head;`,
      `  let at${r} = one${r} * ${count}u;`,
      `  let last${r} = p.first + i${r};`,
    ]),
  ];
}

/** Opens the loop over blocks of keys up to the last that any row sees. */
function keyLoop(rows: number, count: number): string[] {
  return [
    `  let end = last${rows - 1};`,
    `  for (var j = 0u; j <= end; j += ${BLOCK}u) {`,
    ...range(BLOCK).map((j) => `    let key${j} = ((min(j + ${j}u, end) * p.batch + sample) * p.kv_heads + kv) * ${count}u;`),
  ];
}

/**
 * Gradients of keys and values, over the query heads of the key head's group and the stretch's queries at or after each key;
 * added where `accumulate` is set. One key row an invocation.
 */
export function backwardKeySource({ dim }: AttentionVariant): string {
  const { type, count } = parts(dim);
  const code = header(type, [
    ['q', true],
    ['k', true],
    ['v', true],
    ['upstream', true],
    ['lses', false],
    ['delta', false],
    ['dk', true],
    ['dv', true],
  ]);
  code.push(
    '  let j = id.x;',
    '  if (j >= p.first + p.positions) { return; }',
    '  let kv = id.z;',
    '  let group = p.heads / p.kv_heads;',
    `  let at = ((j * p.batch + sample) * p.kv_heads + kv) * ${count}u;`,
  );
  for (const x of range(count))
    code.push(
      `  let k${x} = k[at + ${x}u] * p.scale;`,
      `  let v${x} = v[at + ${x}u];`,
      `  var a${x} = ${type}();`,
      `  var b${x} = ${type}();`,
    );
  // Blocks start at a multiple of four, so that neighbouring keys walk the same queries.
  code.push(
    `  let start = ((max(j, p.first) - p.first) / ${BLOCK}u) * ${BLOCK}u;`,
    '  for (var member = 0u; member < group; member++) {',
    '    let head = kv * group + member;',
    `    for (var i = start; i < p.positions; i += ${BLOCK}u) {`,
  );
  for (const r of range(BLOCK)) {
    code.push(
      `      let one${r} = (min(i + ${r}u, p.positions - 1u) * p.batch + sample) * p.heads + head;`,
      `      let row${r} = one${r} * ${count}u;`,
      `      let seen${r} = i + ${r}u < p.positions && p.first + i + ${r}u >= j;`,
    );
    for (const x of range(count))
      code.push(`      let q${r}_${x} = q[row${r} + ${x}u];`, `      let u${r}_${x} = upstream[row${r} + ${x}u];`);
    code.push(
      `      let w${r} = select(0.0, exp(${dots(
        count,
        (x) => `k${x}`,
        (x) => `q${r}_${x}`,
      )} - lses[one${r}]), seen${r});`,
      `      let g${r} = w${r} * (${dots(
        count,
        (x) => `v${x}`,
        (x) => `u${r}_${x}`,
      )} - delta[one${r}]) * p.scale;`,
    );
  }
  for (const x of range(count))
    code.push(
      `      a${x} += ${range(BLOCK)
        .map((r) => `g${r} * q${r}_${x}`)
        .join(' + ')};`,
      `      b${x} += ${range(BLOCK)
        .map((r) => `w${r} * u${r}_${x}`)
        .join(' + ')};`,
    );
  code.push('    }', '  }', '  if (p.accumulate != 0u) {');
  for (const x of range(count)) code.push(`    dk[at + ${x}u] += a${x};`, `    dv[at + ${x}u] += b${x};`);
  code.push('  } else {');
  for (const x of range(count)) code.push(`    dk[at + ${x}u] = a${x};`, `    dv[at + ${x}u] = b${x};`);
  code.push('  }', '}');
  return code.join('\n');
}
