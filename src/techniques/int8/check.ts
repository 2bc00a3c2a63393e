import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { averagesOut, movesLessThan } from '../../runner/checks/effect';
import { prepare } from '../../runner/program';
import { normals, uniforms } from '../../runner/random';
import { simulate } from '../../tape/simulate';
import { Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import { align } from '../../tape/webgpu/rules';
import { integerKept, type Rounding } from './webgpu';

const SEEDS = 256;
const GROUPS = 16;
/** Two divisions and a difference in float32, of a position up to 255 steps from the minimum. */
const NEAREST_SLACK = 255 * 2 ** -22;

/** Groups as activations have them, and those that break a careless quantizer. The last group is short. */
function sampleValues(group: number, seed: number): Float32Array<ArrayBuffer> {
  const normal = normals(seed);
  const next = uniforms(seed + 1);
  const count = group * (GROUPS - 1) + Math.max(1, Math.floor(group / 3));
  return Float32Array.from({ length: count }, (_, i) => {
    switch (Math.floor(i / group)) {
      case 0:
        return 0;
      case 1:
        return 3.7; // constant, and no bfloat16
      case 2:
        return -5 - next(); // all negative, far from zero
      case 3:
        return i % group === 7 ? 1000 : normal() * 0.01; // one outlier
      case 4:
        return i % group === 0 ? -1 : i % group === 1 ? 1 : normal() * 1e-6; // both ends, and almost zero
      case 5:
        return normal() * 1e-20; // tiny
      case 6:
        return normal() * 1e20; // huge
      case 7:
        return 5 + next(); // all positive, far from zero
      default:
        return normal();
    }
  });
}

/** Bounds, unbiasedness where rounding is stochastic, bytes of group-wise codes, and what they do to gradients. */
export async function checkInteger(context: CheckContext, bits: 8 | 4 | 2): Promise<void> {
  await checkCodes(context, bits);
  if (context.use.args.rounding !== 'nearest') await averagesOut(context);
  else await movesLessThan(context, { ...context.use, args: { ...context.use.args, rounding: 'stochastic' } });
}

async function checkCodes(context: CheckContext, bits: 8 | 4 | 2): Promise<void> {
  const group = Number(context.use.args.group);
  const rounding: Rounding = context.use.args.rounding === 'nearest' ? 'nearest' : 'stochastic';
  const stochastic = rounding === 'stochastic';
  const seeds = stochastic ? SEEDS : 2;
  const values = sampleValues(group, context.seed);
  const rule = integerKept(bits, group, rounding);
  const trace = new Trace();
  const x = make(trace, 'x', [values.length], 'activations');
  trace.op({ op: 'input', label: 'x', writes: [x] });
  const restored = make(trace, 'out', [values.length], 'activations');
  trace.op({ op: 'input', label: 'out', writes: [restored] });
  trace.phase('forward');
  const packed = rule.pack(trace, x, 0);
  const back = rule.unpack(trace, packed, [values.length]);
  trace.op({
    op: 'add',
    label: 'copy',
    reads: [restored, back],
    writes: [restored],
    attrs: { rows: values.length, chunk: 0, sequence: values.length, batch: 1, columns: 1 },
  });
  // The codes stay bound to the end of the step, so that they can be read.
  const tape = trace.finish();
  const program = await prepare(context.opened, tape, binders);
  const sums = new Float64Array(values.length);
  let worstBound = 0;
  let steps = new Float32Array();
  try {
    program.write(program.find('x'), values);
    for (let index = 0; index < seeds; index++) {
      program.write(program.find('out'), new Float32Array(values.length));
      await program.step({ index, seed: context.seed, learningRate: 0, valid: 1 });
      const got = new Float32Array(await program.read(program.find('out')));
      if (index === 0) steps = stepsOf(new Uint32Array(await program.read(program.find('x.scales'))));
      for (let i = 0; i < values.length; i++) {
        sums[i] = (sums[i] as number) + (got[i] as number);
        const step = steps[Math.floor(i / group)] as number;
        const error = Math.abs((got[i] as number) - (values[i] as number));
        // A float32 sum of minimum and code · step is itself rounded.
        const slack = 1.2e-7 * Math.abs(values[i] as number);
        const ratio = step > 0 ? Math.max(0, error - slack) / step : error > slack ? Number.MAX_VALUE : 0;
        worstBound = ratio <= worstBound ? worstBound : Number.isFinite(ratio) ? ratio : Number.MAX_VALUE;
      }
    }
    context.report(
      within(
        `|x − x̂| in steps of its group, ${values.length} elements × ${seeds} seeds`,
        worstBound,
        stochastic ? 1 : 0.5 + NEAREST_SLACK,
        stochastic
          ? 'stochastic rounding goes to one of the two neighbouring levels; both ends of the range are levels'
          : 'the nearer of two neighbouring levels is half a step away at most; a position among 255 levels is known to 255 × 2⁻²² of a step',
        'steps',
      ),
    );
    if (stochastic) reportBias(context, values, sums, steps, group);
    const bytes = align(Math.ceil((values.length * bits) / 32) * 4) + align(Math.ceil(values.length / group) * 4);
    const wanted = simulate(tape).peak - 2 * align(values.length * 4);
    const counted = program.highWater() - 2 * align(values.length * 4) - align(values.length * 4);
    context.report(
      within(
        `packed bytes: ${counted} counted, ${bytes} by the formula`,
        Math.abs(counted - bytes) + Math.abs(wanted - align(values.length * 4) - bytes),
        0,
        `${bits} bits an element and two bfloat16 for each ${group}, in ranges of 256 bytes`,
        'bytes',
      ),
    );
  } finally {
    program.destroy();
  }
}

function reportBias(context: CheckContext, values: Float32Array, sums: Float64Array, steps: Float32Array, group: number): void {
  const { pooled, apart, tested, allowed } = bias(values, sums, steps, group);
  context.report(
    within(
      `mean of x̂ over ${SEEDS} seeds, furthest group in standard errors`,
      pooled,
      4,
      'each group’s mean error is a sum of independent roundings: beyond 4 standard errors once in 16,000 groups',
      'standard errors',
    ),
  );
  context.report(
    within(
      `elements whose mean is beyond 4 standard errors, of ${tested}`,
      apart,
      allowed,
      `by chance 6 in 100,000 are; ${allowed} or fewer of ${tested} with probability 0.9999 (elements that round one way in more than 9 of 256 draws)`,
      'elements',
    ),
  );
}

/** The upper half of a group's word is its step in bfloat16. */
const stepsOf = (scales: Uint32Array): Float32Array<ArrayBuffer> => {
  const words = scales.map((word) => word & 0xffff0000);
  return new Float32Array(words.buffer as ArrayBuffer);
};

/** How far means over the seeds lie from the values, in units of what chance allows. */
function bias(values: Float32Array, sums: Float64Array, steps: Float32Array, group: number) {
  let [pooled, apart, tested] = [0, 0, 0];
  for (let from = 0; from < values.length; from += group) {
    const step = steps[from / group] as number;
    if (step === 0) continue;
    let [error, variance] = [0, 0];
    const low = minimum(values, from, group);
    for (let i = from; i < Math.min(from + group, values.length); i++) {
      const position = ((values[i] as number) - low) / step;
      const fraction = position - Math.floor(position);
      // The variance by the fraction; the decoded minimum lies a little below the smallest value, which moves it slightly.
      const spread = Math.max(fraction * (1 - fraction), 1e-3) * step * step;
      const off = (sums[i] as number) / SEEDS - (values[i] as number);
      error += off;
      variance += spread / SEEDS;
      const draws = SEEDS * Math.min(fraction, 1 - fraction);
      if (draws <= 9) continue;
      tested += 1;
      if (!(Math.abs(off) <= 4 * Math.sqrt(spread / SEEDS))) apart += 1;
    }
    pooled = Math.max(pooled, Math.abs(error) / Math.sqrt(variance));
  }
  // Poisson with the two-sided tail of a normal: the smallest count that is exceeded once in ten thousand runs.
  const mean = tested * 6.334e-5 * 2;
  let [allowed, term] = [0, Math.exp(-mean)];
  for (let sum = term; sum < 0.9999; sum += term) {
    allowed += 1;
    term *= mean / allowed;
  }
  return { pooled, apart, tested, allowed };
}

/** The bfloat16 at or below a group's smallest value. */
function minimum(values: Float32Array, from: number, group: number): number {
  const low = values
    .subarray(from, Math.min(from + group, values.length))
    .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const word = new Uint32Array(Float32Array.of(low).buffer);
  const bits = word[0] as number;
  word[0] = ((bits & 0xffff) !== 0 && low < 0 ? bits + 0x10000 : bits) & 0xffff0000;
  return new Float32Array(word.buffer)[0] as number;
}

export const check: TechniqueCheck = (context) => checkInteger(context, 8);
