import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { approximateGradients, averagesOut, exactGradients } from '../../runner/checks/effect';
import { EXACT, worst } from '../../runner/checks/gradients';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import type { Array64 } from '../../runner/reference/arrays';
import { Trace } from '../../tape/trace';
import { make, matmul, plainRows } from '../../tape/webgpu/ops';
import { keptRows } from './memory';
import { type Choice, choose } from './reference';
import { sampleRule } from './webgpu';

const SEEDS = 128;
const [ROWS, COLUMNS, OUT] = [150, 24, 8];

/** The drawn sums against the exact one, and what sampling does to the gradients of the model: to those of its matrices alone. */
export const check: TechniqueCheck = async (context) => {
  const share = Number(context.use.args.share);
  if (keptRows(share, ROWS) < ROWS) await checkDraws(context, share);
  await leavesTheRest(context);
  await averagesOut(context);
};

/** Gradients that no sample is drawn for are the exact ones: what flows back through a matrix is not touched. */
async function leavesTheRest(context: CheckContext): Promise<void> {
  const exact = (await exactGradients(context)).values;
  const { values } = await approximateGradients(context, context.seed);
  const drawn = /^(attn|mlp)\./;
  const rest = new Map([...values].filter(([name]) => !drawn.test(name)));
  if (rest.size === 0) return;
  const { error, where } = worst(exact, rest);
  context.report(
    within(
      `gradients of the ${rest.size} parameters that are not drawn for, against the standard backward`,
      error,
      EXACT,
      `gradients of activations pass through whole matrices: nothing is drawn on their way (largest in ${where})`,
    ),
  );
}

/** A product summed over sampled rows, again and again. */
async function checkDraws(context: CheckContext, share: number): Promise<void> {
  const next = normals(context.seed);
  // A few rows are long: these are what is taken for certain.
  const length = Array.from({ length: ROWS }, () => Math.exp(2 * next()));
  const x = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => (length[Math.floor(i / COLUMNS)] as number) * next());
  const y = Float32Array.from({ length: ROWS * OUT }, () => next());
  const kept = keptRows(share, ROWS);
  const chosen = choose(x, ROWS, kept);

  const rule = sampleRule(share);
  const trace = new Trace();
  const input = (name: string, shape: readonly number[]) => {
    const tensor = make(trace, name, shape, 'activations');
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  };
  const rows = plainRows(ROWS);
  const [inputs, upstream] = [input('x', [ROWS, COLUMNS]), input('y', [ROWS, OUT])];
  const sum = input('sum', [OUT, COLUMNS]);
  trace.phase('backward');
  const { numbers, factors } = rule.draw(trace, rows, inputs, COLUMNS, 0);
  const sample = rule.take(trace, rows, inputs, COLUMNS, numbers, factors);
  const above = rule.take(trace, rows, upstream, OUT, numbers);
  matmul(trace, { form: 'tn', rows: plainRows(kept), a: above, b: sample, out: sum, n: COLUMNS, k: OUT });
  // Numbers and factors stay bound to the end of the step, so that they can be read.
  const program = await prepare(context.opened, trace.finish(), binders);
  const exact = product(
    x,
    y,
    Array.from({ length: ROWS }, (_, row) => ({ row, factor: 1 })),
  );
  const mean = new Float64Array(OUT * COLUMNS);
  let [wrong, apart, squares] = [0, 0, 0];
  try {
    program.write(program.find('x'), x);
    program.write(program.find('y'), y);
    program.write(program.find('sum'), new Float32Array(OUT * COLUMNS));
    for (let index = 0; index < SEEDS; index++) {
      await program.step({ index, seed: context.seed, learningRate: 0, valid: 1 });
      const drawn = new Uint32Array(await program.read(program.find('sample.rows')), 0, kept);
      const given = new Float32Array(await program.read(program.find('sample.factors')), 0, kept);
      const got = new Float32Array(await program.read(program.find('sum')));
      const pairs = Array.from(drawn, (row, at) => ({ row, factor: given[at] as number }));
      wrong += pairs.filter(({ row, factor }, at) => !isRight(chosen, at, row, factor)).length;
      const said = product(x, y, pairs);
      for (let i = 0; i < mean.length; i++) {
        apart = Math.max(apart, Math.abs((got[i] as number) - (said[i] as number)));
        mean[i] = (mean[i] as number) + (got[i] as number) / SEEDS;
        squares += ((got[i] as number) - (exact[i] as number)) ** 2 / SEEDS;
      }
    }
  } finally {
    program.destroy();
  }
  const largest = exact.reduce((high, value) => Math.max(high, Math.abs(value)), 0);
  context.report(
    within(
      `rows and factors other than double precision allows, of ${kept} × ${SEEDS} seeds, ${chosen.certain} of ${kept} rows for certain`,
      wrong,
      0,
      'the longest rows are taken in order with factor 1, as many as leave least to chance for each row that is drawn; a row that is drawn has what all the others weigh over its own weight and the number of draws, to 1 in 10,000 for float32 sums',
      'rows',
    ),
  );
  context.report(
    within(
      'sums over drawn rows against double precision',
      apart / largest,
      EXACT,
      `${kept} products each, relative to the largest sum`,
    ),
  );
  // Six times its average has no chance with ten or more draws in each sum.
  const off = mean.reduce((total, value, i) => total + (value - (exact[i] as number)) ** 2, 0);
  context.report(
    within(
      `squared distance of the mean over ${SEEDS} seeds from the exact sum, over that of one seed`,
      squares === 0 ? 0 : off / squares,
      6 / SEEDS,
      `of independent draws around the exact sum it is 1/${SEEDS} on average; a bias would stay whole`,
    ),
  );
  const plain = plainVariance(x, y, exact, kept);
  context.report(
    within(
      `squared distance from the exact sum, over that of ${kept} rows that are all drawn by lot`,
      squares / plain,
      1,
      'by the formula for plain column-row sampling, Σ|x|²|y|²/p less the exact sum’s square, over the draws: taking the longest rows for certain must not lose',
    ),
  );
}

/** What the reference would accept at one place of the sample. */
function isRight({ order, lengths, certain, kept, left }: Choice, at: number, row: number, factor: number): boolean {
  if (at < certain) return row === order[at] && factor === 1;
  const place = order.indexOf(row);
  const wanted = left / ((kept - certain) * (lengths[row] as number));
  return place >= certain && Math.abs(factor - wanted) <= 1e-4 * wanted;
}

/** yᵀ · x over the given rows. */
function product(x: Float32Array, y: Float32Array, rows: readonly { row: number; factor: number }[]): Array64 {
  const sum = new Float64Array(OUT * COLUMNS);
  for (const { row, factor } of rows)
    for (let o = 0; o < OUT; o++)
      for (let c = 0; c < COLUMNS; c++)
        sum[o * COLUMNS + c] =
          (sum[o * COLUMNS + c] as number) + factor * (x[row * COLUMNS + c] as number) * (y[row * OUT + o] as number);
  return sum;
}

/** Expected squared distance where every row is drawn in proportion to its length. */
function plainVariance(x: Float32Array, y: Float32Array, exact: Array64, kept: number): number {
  const square = (of: Float32Array, row: number, columns: number) =>
    of.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value * value, 0);
  const lengths = Array.from({ length: ROWS }, (_, row) => Math.sqrt(square(x, row, COLUMNS)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const second = lengths.reduce((sum, length, row) => sum + length * total * square(y, row, OUT), 0);
  return (second - exact.reduce((sum, value) => sum + value * value, 0)) / kept;
}
