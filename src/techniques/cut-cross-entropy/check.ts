import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { movesWithin } from '../../runner/checks/effect';
import { EXACT, equalsStandard } from '../../runner/checks/gradients';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import { plus, productNn, productTn } from '../../runner/reference/arrays';
import { type Tensor, Trace } from '../../tape/trace';
import { filter } from '../../tape/webgpu/head';
import { emit, make, plainRows } from '../../tape/webgpu/ops';
import { CUT_TILE, FILTER_LEAST, FILTER_SIDE } from './webgpu';

/** Without the filter the gradients are the standard ones; with it they differ by what is left out. */
export const check: TechniqueCheck = async (context) => {
  if (context.use.args.filter !== true) return equalsStandard(context);
  await equalsStandard({ ...context, use: { ...context.use, args: { ...context.use.args, filter: false } } });
  await filterLeavesOut(context);
  const { vocab } = context.plan.model;
  await movesWithin(
    context,
    4 * FILTER_LEAST * Math.sqrt(vocab),
    `a row leaves out ${vocab} numbers below 2⁻¹² at most, and is about 1 long while little is learnt; 4 for what the layers make of it`,
  );
};

const [ROWS, COLUMNS, VALID, WIDTH] = [150, 200, 8, 36];

/**
 * The kernels against plain loops, on blocks that are all small, all but one number, or not at all; the last ones are short. The
 * second stretch of rows and the second of columns are small altogether: the products do nothing for them.
 */
async function filterLeavesOut(context: CheckContext): Promise<void> {
  const next = normals(context.seed);
  const least = FILTER_LEAST / VALID;
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const block = Math.floor(row / FILTER_SIDE) * 7 + Math.floor(column / FILTER_SIDE);
    const small = Math.tanh(next()) * 0.99 * least;
    if (block % 3 === 0 || Math.floor(row / FILTER_SIDE) === 1 || Math.floor(column / FILTER_SIDE) === 1) return small;
    if (block % 3 === 1) return row % FILTER_SIDE === 20 && column % FILTER_SIDE === 6 ? -least : small;
    return next();
  });
  const expected = values.slice();
  for (let top = 0; top < ROWS; top += FILTER_SIDE)
    for (let left = 0; left < COLUMNS; left += FILTER_SIDE) {
      const inside: number[] = [];
      for (let row = top; row < Math.min(ROWS, top + FILTER_SIDE); row++)
        for (let column = left; column < Math.min(COLUMNS, left + FILTER_SIDE); column++) inside.push(row * COLUMNS + column);
      if (inside.every((at) => Math.abs(values[at] as number) < least)) for (const at of inside) expected[at] = 0;
    }
  const trace = new Trace();
  const input = (name: string, rows: number, columns: number) => {
    const tensor = make(trace, name, [rows, columns], 'logits');
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  };
  const [tile, weight, states] = [input('tile', ROWS, COLUMNS), input('weight', COLUMNS, WIDTH), input('states', ROWS, WIDTH)];
  const [back, gradient] = [input('back', ROWS, WIDTH), input('gradient', COLUMNS, WIDTH)];
  trace.phase('backward');
  const rows = plainRows(ROWS);
  const left = filter({ trace }, rows, tile, COLUMNS, { kind: 'tiles', ...CUT_TILE, columns: COLUMNS, least: FILTER_LEAST });
  const attrs = { n: WIDTH, k: COLUMNS, alpha: 1, accumulate: true, addend: false, filtered: true, side: FILTER_SIDE };
  const product = (form: 'nn' | 'tn', other: Tensor, into: Tensor) =>
    emit(trace, { op: 'matmul', label: form, rows, reads: [tile, other, into, left], writes: [into], attrs: { ...attrs, form } });
  product('nn', weight, back);
  product('tn', states, gradient);
  const program = await prepare(context.opened, trace.finish(), binders);
  try {
    const start = (tensor: Tensor) => Float32Array.from({ length: (tensor.shape[0] as number) * WIDTH }, () => next());
    const [w, n, d, g] = [start(weight), start(states), start(back), start(gradient)];
    // A sum that nothing is added to stays −0; one that zeros are added to does not.
    for (const of of [d, g]) of.fill(-0, FILTER_SIDE * WIDTH, 2 * FILTER_SIDE * WIDTH);
    for (const [name, data] of Object.entries({ tile: values, weight: w, states: n, back: d, gradient: g }))
      program.write(program.find(name), data);
    await program.step({ index: 0, seed: 1, learningRate: 0, valid: VALID });
    const read = async (name: string) => new Float32Array(await program.read(program.find(name)));
    const got = await read('tile');
    const wrong = expected.reduce((count, value, i) => count + (Object.is(value, got[i]) ? 0 : 1), 0);
    context.report(
      within(
        `gradients that the filter keeps or leaves out otherwise than plain loops, of ${values.length}`,
        wrong,
        0,
        `blocks of ${FILTER_SIDE} × ${FILTER_SIDE}, compared before they are divided by the rows that count; nothing is rounded`,
        'gradients',
      ),
    );
    const doubles = Float64Array.from(expected);
    const wanted = [
      plus(Float64Array.from(d), productNn(doubles, Float64Array.from(w), ROWS, WIDTH, COLUMNS)),
      plus(Float64Array.from(g), productTn(doubles, Float64Array.from(n), COLUMNS, WIDTH, ROWS)),
    ];
    const found = [await read('back'), await read('gradient')];
    const largest = wanted.map((of) => of.reduce((high, value) => Math.max(high, Math.abs(value)), 0));
    const apart = wanted.map((of, at) =>
      of.reduce(
        (high, value, i) => Math.max(high, Math.abs(value - (found[at]?.[i] ?? Number.NaN)) / (largest[at] as number)),
        0,
      ),
    );
    context.report(
      within(
        'both products of what is left against plain loops in double precision',
        Math.max(...apart),
        EXACT,
        'relative to the largest sum',
      ),
    );
    const untouched = found.flatMap((of) => [...of.subarray(FILTER_SIDE * WIDTH, 2 * FILTER_SIDE * WIDTH)]);
    context.report(
      within(
        `sums that work was done for though nothing was left of their rows, of ${untouched.length}`,
        untouched.filter((value) => !Object.is(value, -0)).length,
        0,
        'the products return at once where every block of a stretch of rows is left out: what they would add to stays as it was',
        'sums',
      ),
    );
  } finally {
    program.destroy();
  }
}
