/**
 * The attention kernels written out, for software drivers, which spend their time on loads and on arrays in registers. Keys and
 * queries are taken a block at a time. Where a head's width allows it, the four invocations of a quad each load a quarter of a
 * block and the others get it by `quadBroadcast`: then every invocation takes every turn of the loop, and what a row does not see
 * counts as nothing. The arithmetic is that of the `.wgsl` files of the same names.
 */
export interface AttentionVariant {
  /** Width of a head, even. */
  dim: number;
  /** Query rows of an invocation. */
  rows: number;
  /** Keys or queries of one turn of the loop, four at most. */
  block: number;
  /** Invocations of a workgroup. */
  lanes: number;
  /** Loads are shared in quads; `dim` is a multiple of sixteen then. */
  shared: boolean;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A row's vectors: their type, and how many there are. */
export function vectorsOf(dim: number) {
  const width = dim % 4 === 0 ? 4 : 2;
  return { type: `vec${width}<f32>`, count: dim / width };
}

/** A binding's name, and whether it holds vectors. */
type Buffer = readonly [name: string, vectors: boolean];

const header = ({ lanes, shared }: AttentionVariant, type: string, buffers: readonly Buffer[]): string[] => [
  ...(shared ? ['enable subgroups;'] : []),
  ...buffers.map(
    ([name, vectors], index) =>
      `@group(0) @binding(${index}) var<storage, read_write> ${name}: array<${vectors ? type : 'f32'}>;`,
  ),
  'struct Params { positions: u32, first: u32, batch: u32, heads: u32, kv_heads: u32, accumulate: u32, scale: f32, vectors: u32 }',
  '@group(1) @binding(0) var<uniform> p: Params;',
  `@compute @workgroup_size(${lanes})`,
  `fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>${shared ? ', @builtin(subgroup_invocation_id) lane: u32' : ''}) {`,
  '  let sample = group.y;',
  ...(shared ? ['  let place = lane & 3u;'] : []),
];

/**
 * Vectors that an invocation holds all the while, zero at first. Loops fill and store them, as software drivers take as long to
 * compile a load or a store as dozens of products. How many turns such a loop takes is a parameter: lavapipe writes out what it can count.
 */
const held = (type: string, names: readonly string[], count: number): string[] =>
  names.map((name) => `  var ${name}: array<${type}, ${count}>;`);

/** `name0` to `name{count − 1}`: the vectors of a row that begins at `at`. */
function row(shared: boolean, name: string, buffer: string, at: string, count: number): string[] {
  if (!shared) return range(count).map((x) => `    let ${name}${x} = ${buffer}[${at} + ${x}u];`);
  return range(count / 4).flatMap((g) => [
    `    let ${name}own${g} = ${buffer}[${at} + ${g * 4}u + place];`,
    ...range(4).map((f) => `    let ${name}${g * 4 + f} = quadBroadcast(${name}own${g}, ${f}u);`),
  ]);
}

/** dot(a0, b0) + dot(a1, b1) + … */
const dots = (count: number, a: (part: number) => string, b: (part: number) => string): string =>
  range(count)
    .map((part) => `dot(${a(part)}, ${b(part)})`)
    .join(' + ');

const LOWEST = '-3.4e38';

/** o = softmax(q · kᵀ) · v over the keys at or before each query, with log-sum-exps. */
export function forwardSource(variant: AttentionVariant): string {
  const { dim, rows, block, shared } = variant;
  const { type, count } = vectorsOf(dim);
  const code = header(variant, type, [
    ['q', true],
    ['k', true],
    ['v', true],
    ['o', true],
    ['lses', false],
  ]);
  code.push(...queryPlaces(variant, count));
  code.push(...held(type, ['query', 'out'], rows * count));
  for (const r of range(rows))
    code.push(
      `  for (var x = 0u; x < p.vectors; x++) { query[${r * count}u + x] = q[at${r} + x] * p.scale; }`,
      `  var high${r} = ${LOWEST};`,
      `  var total${r} = 0.0;`,
    );
  code.push(...keyLoop(variant, count));
  for (const j of range(block)) code.push(...row(shared, `k${j}_`, 'k', `key${j}`, count));
  for (const r of range(rows)) {
    const score = (j: number) =>
      `select(${LOWEST}, ${dots(
        count,
        (x) => `query[${r * count + x}]`,
        (x) => `k${j}_${x}`,
      )}, j + ${j}u <= last${r})`;
    for (const j of range(block)) code.push(`    let s${r}_${j} = ${score(j)};`);
    code.push(
      `    let top${r} = ${range(block).reduce((high, j) => `max(${high}, s${r}_${j})`, `high${r}`)};`,
      `    let shrink${r} = exp(high${r} - top${r});`,
      // A row may have no key in this block: nothing is added then, whatever the highest score so far.
      ...range(block).map((j) => `    let w${r}_${j} = select(0.0, exp(s${r}_${j} - top${r}), s${r}_${j} > ${LOWEST});`),
      `    total${r} = total${r} * shrink${r} + ${range(block)
        .map((j) => `w${r}_${j}`)
        .join(' + ')};`,
      `    high${r} = top${r};`,
    );
  }
  for (const j of range(block)) code.push(...row(shared, `v${j}_`, 'v', `key${j}`, count));
  for (const x of range(count))
    for (const r of range(rows))
      code.push(
        `    out[${r * count + x}] = out[${r * count + x}] * shrink${r} + ${range(block)
          .map((j) => `w${r}_${j} * v${j}_${x}`)
          .join(' + ')};`,
      );
  code.push('  }');
  for (const r of range(rows)) {
    code.push(`  if (begin + ${r}u < p.positions) {`, `    let inverse = 1.0 / total${r};`);
    code.push(`    for (var x = 0u; x < p.vectors; x++) { o[at${r} + x] = out[${r * count}u + x] * inverse; }`);
    code.push(`    lses[one${r}] = high${r} + log(total${r});`, '  }');
  }
  code.push('}');
  return code.join('\n');
}

/** What both kernels of the backward pass are given. */
const FOR_GRADIENTS: readonly Buffer[] = [
  ['q', true],
  ['k', true],
  ['v', true],
  ['upstream', true],
  ['lses', false],
  ['delta', false],
];

/** Gradients of the queries, written over them. */
export function backwardQuerySource(variant: AttentionVariant): string {
  const { dim, rows, block, shared } = variant;
  const { type, count } = vectorsOf(dim);
  const code = header(variant, type, [...FOR_GRADIENTS]);
  code.push(...queryPlaces(variant, count));
  code.push(...held(type, ['query', 'above', 'out'], rows * count));
  for (const r of range(rows))
    code.push(
      `  for (var x = 0u; x < p.vectors; x++) {`,
      `    query[${r * count}u + x] = q[at${r} + x] * p.scale;`,
      `    above[${r * count}u + x] = upstream[at${r} + x];`,
      '  }',
      `  let lse${r} = lses[one${r}];`,
      `  let delta${r} = delta[one${r}];`,
    );
  code.push(...keyLoop(variant, count));
  for (const j of range(block))
    code.push(...row(shared, `k${j}_`, 'k', `key${j}`, count), ...row(shared, `v${j}_`, 'v', `key${j}`, count));
  for (const r of range(rows)) {
    const weight = (j: number) =>
      `select(0.0, exp(${dots(
        count,
        (x) => `query[${r * count + x}]`,
        (x) => `k${j}_${x}`,
      )} - lse${r}), j + ${j}u <= last${r})`;
    const through = (j: number) =>
      `(${dots(
        count,
        (x) => `above[${r * count + x}]`,
        (x) => `v${j}_${x}`,
      )} - delta${r})`;
    for (const j of range(block)) code.push(`    let g${r}_${j} = ${weight(j)} * ${through(j)} * p.scale;`);
  }
  for (const x of range(count))
    for (const r of range(rows))
      code.push(
        `    out[${r * count + x}] += ${range(block)
          .map((j) => `g${r}_${j} * k${j}_${x}`)
          .join(' + ')};`,
      );
  code.push('  }');
  for (const r of range(rows))
    code.push(
      `  if (begin + ${r}u < p.positions) {`,
      `    for (var x = 0u; x < p.vectors; x++) { q[at${r} + x] = out[${r * count}u + x]; }`,
      '  }',
    );
  code.push('}');
  return code.join('\n');
}

/** Query rows of an invocation: where their vectors and their one number a head stand, and the last key that each sees. */
function queryPlaces({ rows, shared }: AttentionVariant, count: number): string[] {
  return [
    `  let begin = id.x * ${rows}u;`,
    ...(shared ? [] : ['  if (begin >= p.positions) { return; }']),
    '  let head = group.z;',
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

/** Opens the loop over blocks of keys up to the last that any row of the invocation, or of its workgroup, sees. */
function keyLoop({ rows, block, lanes, shared }: AttentionVariant, count: number): string[] {
  return [
    `  let end = ${shared ? `p.first + min((group.x + 1u) * ${lanes * rows}u, p.positions) - 1u` : `last${rows - 1}`};`,
    `  for (var j = 0u; j <= end; j += ${block}u) {`,
    ...range(block).map((j) => `    let key${j} = ((min(j + ${j}u, end) * p.batch + sample) * p.kv_heads + kv) * ${count}u;`),
  ];
}

/**
 * Gradients of keys and values, over the query heads of the key head's group and the stretch's queries at or after each key;
 * added where `accumulate` is set. One key row an invocation.
 */
export function backwardKeySource(variant: AttentionVariant): string {
  const { dim, block, lanes, shared } = variant;
  const { type, count } = vectorsOf(dim);
  const code = header(variant, type, [...FOR_GRADIENTS, ['dk', true], ['dv', true]]);
  code.push(
    '  let end = p.first + p.positions;',
    ...(shared ? [] : ['  if (id.x >= end) { return; }']),
    // Keys beyond the last are computed as the last and not stored.
    '  let j = min(id.x, end - 1u);',
    '  let kv = group.z;',
    '  let members = p.heads / p.kv_heads;',
    `  let at = ((j * p.batch + sample) * p.kv_heads + kv) * ${count}u;`,
  );
  code.push(
    ...held(type, ['key', 'value', 'key_out', 'value_out'], count),
    `  for (var x = 0u; x < p.vectors; x++) {`,
    '    key[x] = k[at + x] * p.scale;',
    '    value[x] = v[at + x];',
    '    if (p.accumulate != 0u) { key_out[x] = dk[at + x]; value_out[x] = dv[at + x]; }',
    '  }',
  );
  // Blocks start at a multiple of their size, so that neighbouring keys walk the same queries.
  code.push(
    `  let start = ((max(${shared ? `group.x * ${lanes}u` : 'j'}, p.first) - p.first) / ${block}u) * ${block}u;`,
    '  for (var member = 0u; member < members; member++) {',
    '    let head = kv * members + member;',
    `    for (var i = start; i < p.positions; i += ${block}u) {`,
  );
  const place = (index: string) => `(min(i + ${index}, p.positions - 1u) * p.batch + sample) * p.heads + head`;
  if (shared)
    code.push(`      let mine = ${place('place')};`, '      let ownlse = lses[mine];', '      let owndelta = delta[mine];');
  for (const r of range(block)) {
    code.push(
      `      let one${r} = ${place(`${r}u`)};`,
      `      let row${r} = one${r} * ${count}u;`,
      `      let seen${r} = i + ${r}u < p.positions && p.first + i + ${r}u >= j;`,
      `      let lse${r} = ${shared ? `quadBroadcast(ownlse, ${r}u)` : `lses[one${r}]`};`,
      `      let delta${r} = ${shared ? `quadBroadcast(owndelta, ${r}u)` : `delta[one${r}]`};`,
      ...row(shared, `q${r}_`, 'q', `row${r}`, count),
      ...row(shared, `u${r}_`, 'upstream', `row${r}`, count),
      `      let w${r} = select(0.0, exp(${dots(
        count,
        (x) => `key[${x}]`,
        (x) => `q${r}_${x}`,
      )} - lse${r}), seen${r});`,
      `      let g${r} = w${r} * (${dots(
        count,
        (x) => `value[${x}]`,
        (x) => `u${r}_${x}`,
      )} - delta${r}) * p.scale;`,
    );
  }
  for (const x of range(count))
    code.push(
      `      key_out[${x}] += ${range(block)
        .map((r) => `g${r} * q${r}_${x}`)
        .join(' + ')};`,
      `      value_out[${x}] += ${range(block)
        .map((r) => `w${r} * u${r}_${x}`)
        .join(' + ')};`,
    );
  code.push(
    '    }',
    '  }',
    '  if (id.x < end) {',
    `    for (var x = 0u; x < p.vectors; x++) { dk[at + x] = key_out[x]; dv[at + x] = value_out[x]; }`,
    '  }',
    '}',
  );
  return code.join('\n');
}
