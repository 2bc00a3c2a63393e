/**
 * Dispatches in parts. Every kernel's parameters begin with the workgroup that this part of it begins with, so that a large one can run some of
 * its workgroups at a time: in dispatches that no watchdog takes for a hang, and of no more workgroups along a dimension than the adapter
 * allows. Workgroups are independent of one another, so that the result is the same, bit for bit.
 */
type Triple = [number, number, number];

export interface Part {
  /** First workgroup; of a kernel that runs in rounds, the first round and the one after the last. */
  origin: Triple;
  groups: Triple;
}

/** Words that come before a kernel's own parameters. */
export const HEADER_WORDS = 3;
const HEADER = 'origin: vec3<u32>,';
const MAIN = /@workgroup_size\(([^)]*)\)\s*fn main\(((?:[^()]|\([^()]*\))*)\)\s*\{/;

/** Where a kernel's own parameters begin. */
export const PARAMETERS = /struct Params\s*\{/;

/** What a workgroup or an invocation takes itself for, from what it is in its part. */
const WHOLE: { [builtin: string]: (name: string, size: string) => string } = {
  global_invocation_id: (name, size) => `${name} + p.origin * ${size}`,
  workgroup_id: (name) => `${name} + p.origin`,
};

/** A kernel's source, as it is written for the whole, made to run parts. */
export function inParts(source: string): string {
  const [main, size = '1', parameters = ''] = MAIN.exec(source) ?? [];
  if (main === undefined || !PARAMETERS.test(source)) throw new Error('runner: a kernel has no main or no parameters');
  const dimensions = [...size.split(',').map((part) => part.trim()), '1', '1'].slice(0, 3);
  const lines: string[] = [];
  const renamed = parameters.replace(/@builtin\((\w+)\)\s*(\w+)/g, (same, builtin: string, name: string) => {
    const whole = WHOLE[builtin];
    if (!whole) return same;
    lines.push(`  let ${name} = ${whole(`part_${name}`, `vec3<u32>(${dimensions.join(', ')})`)};`);
    return `@builtin(${builtin}) part_${name}`;
  });
  return source
    .replace(PARAMETERS, `struct Params { ${HEADER}`)
    .replace(main, () => `@workgroup_size(${size})\nfn main(${renamed}) {\n${lines.join('\n')}`);
}

/** `total` cut into pieces of `most`. */
const cut = (total: number, most: number): [from: number, count: number][] =>
  Array.from({ length: Math.ceil(total / most) }, (_, index) => [index * most, Math.min(most, total - index * most)]);

/** A grid cut into `pieces` parts at least where it has as many workgroups, none with more than `most` along a dimension. */
export function partsOf([x, y, z]: Triple, pieces: number, most: number): Part[] {
  // Whole layers first, then rows of one, then parts of a row.
  const depth = Math.min(most, Math.max(1, Math.floor(z / pieces)));
  const high = Math.min(most, Math.max(1, Math.floor((y * Math.min(z, pieces)) / pieces)));
  const wide = Math.min(most, Math.max(1, Math.floor((x * Math.min(y * z, pieces)) / pieces)));
  return cut(z, depth).flatMap(([k, deep]) =>
    cut(y, high).flatMap(([j, tall]) =>
      cut(x, wide).map(([i, long]): Part => ({ origin: [i, j, k], groups: [long, tall, deep] })),
    ),
  );
}

/** Rounds that one workgroup runs one after another, in `pieces` parts at least where there are as many. */
export const roundsOf = (rounds: number, pieces: number): Part[] =>
  cut(rounds, Math.max(1, Math.floor(rounds / pieces))).map(([from, count]) => ({
    origin: [from, from + count, 0],
    groups: [1, 1, 1],
  }));
