/** Products that leave out what a filter has found to be nothing. */
import { PARAMETERS } from '../parts';

export interface Guard {
  /** Rows of the result that a workgroup makes. */
  rows: number;
  /** nn: rows of the result are rows of the filtered factor, and its columns are summed over; tn: the other way round. */
  form: 'nn' | 'tn';
  /** Rows and columns of a block. */
  side: number;
  /** Place among the bindings of what is left of each block, [down, across]. */
  binding: number;
}

const MAIN = /fn main\(((?:[^()]|\([^()]*\))*)\)\s*\{/;

/** A product's source, with a workgroup's return where every block that its rows read is left out. The parameters begin with `down` and `across`. */
export function guarded(source: string, { rows, form, side, binding }: Guard): string {
  const [main, parameters = ''] = MAIN.exec(source) ?? [];
  if (main === undefined) throw new Error('runner: a product has no main');
  const added: string[] = [];
  const builtin = (name: string, type: string): string => {
    const known = new RegExp(`@builtin\\(${name}\\)\\s*(\\w+)`).exec(parameters)?.[1];
    if (known === undefined) added.push(`@builtin(${name}) guard_${name}: ${type}`);
    return known ?? `guard_${name}`;
  };
  const [group, lane] = [builtin('workgroup_id', 'vec3<u32>'), builtin('local_invocation_index', 'u32')];
  const [own, summed] = form === 'nn' ? ['p.down', 'p.across'] : ['p.across', 'p.down'];
  const block = form === 'nn' ? 'own * p.across + other' : 'other * p.across + own';
  return source
    .replace(PARAMETERS, 'struct Params { down: u32, across: u32,')
    .replace(
      main,
      () => `fn main(${[parameters, ...added].join(', ')}) {
  if (${lane} == 0u) {
    var found = 0u;
    let end = min((${group}.y * ${rows}u + ${rows - 1}u) / ${side}u + 1u, ${own});
    for (var own = ${group}.y * ${rows}u / ${side}u; own < end; own++) {
      for (var other = 0u; other < ${summed}; other++) { found |= left_of[${block}]; }
    }
    something = found;
  }
  if (workgroupUniformLoad(&something) == 0u) { return; }`,
    )
    .replace(
      '@compute',
      `@group(0) @binding(${binding}) var<storage, read_write> left_of: array<u32>;\nvar<workgroup> something: u32;\n@compute`,
    );
}
