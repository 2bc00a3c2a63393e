import { bytesOf } from '../../plan/dtypes';
import { elements } from '../../plan/weights';
import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { replayRule } from '../../runner/checks/optimizer';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import type { Array64 } from '../../runner/reference/arrays';
import { relativeToChange } from '../../runner/reference/relative';
import type { Part } from '../../tape/recipe';
import { Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import { gradientsLike } from '../galore/check';
import { projected } from '../galore/memory';
import { basesOf } from '../galore/reference';
import { recipeOf } from '../recipe-of';
import { decodeGroups, scaleOf } from '../weights/grouped';
import { packGroups } from '../weights/webgpu';
import { GROUP } from './memory';
import { qGaloreStep64 } from './reference';
import { SIMILARITY } from './turns';
import { projectorGrouping, qGaloreRule } from './webgpu';

const [STEPS, RATE, EVERY, RANK] = [5, 0.01, 2, 16];

/** The rule against double precision, weights rounded at random, and the bytes that the paper counts. */
export const check: TechniqueCheck = async (context) => {
  for (const [rows, columns] of [
    [272, 40],
    [40, 280],
  ] as const)
    await steps(context, rows, columns);
  await rounding(context);
  bytes(context);
};

/** Every step from what the device held before it, moments above the size from which they are kept in 8 bits. */
async function steps({ opened, seed, use, report }: CheckContext, rows: number, columns: number): Promise<void> {
  const packed = use.args.packed === true;
  const scale = Number(use.args.scale);
  const gradients = gradientsLike(rows, columns, STEPS, seed);
  const next = normals(seed + 1);
  const before = Float64Array.from({ length: rows * columns }, () => Math.fround(0.1 * next()));
  const rule = qGaloreRule({ rank: RANK, every: EVERY, scale, packed });
  const weight = { name: 'attn.q', shape: [rows, columns], role: 'linear' as const };
  const names = rule.states(weight).map((part) => part.name);
  const run = await replayRule(opened, rule, gradients, before, RATE, { weight, watch: names });
  const { projector: shape, low, side } = projected(weight.shape, RANK);
  const [count, moments] = [shape, low].map((sizes) => sizes.reduce((a, b) => a * b, 1)) as [number, number];
  const state = (name: string, step: number) => (run.watched.get(name)?.[step] ?? new Float32Array()).buffer as ArrayBuffer;
  const projectorAt = (step: number): Array64 =>
    decodeGroups(
      { codes: new Uint8Array(state('projector', step)), scales: new Uint16Array(state('projector.scales', step)) },
      projectorGrouping(packed),
      count,
    );
  const blockwise = (name: string, step: number) =>
    step < 0
      ? { codes: new Uint8Array(moments), absmax: new Float32Array(Math.ceil(moments / GROUP)) }
      : { codes: new Uint8Array(state(name, step)), absmax: new Float32Array(state(`${name}.absmax`, step)) };
  const off = run.parameters.map((got, step) => {
    const held = step === 0 ? before : Float64Array.from(run.parameters[step - 1] as Float32Array);
    const kept = { mean: blockwise('exp_avg', step - 1), square: blockwise('exp_avg_sq', step - 1) };
    const wanted = qGaloreStep64([rows, columns, RANK], held, gradients[step] as Array64, projectorAt(step), kept, {
      step,
      rate: RATE,
      scale,
    });
    return relativeToChange(got, wanted, held);
  });
  report(
    within(
      `${rows} × ${columns} weights in each of ${STEPS} steps against float64`,
      Math.max(...off),
      1e-3,
      'largest difference over the largest change, from the codes that the device held before the step; what is left of a gradient along vectors of its noise is a thousandth of what cancels in it, and Adam makes it as large as the rest',
    ),
  );
  const bases = basesOf({
    rows,
    columns,
    rank: RANK,
    every: EVERY,
    scale,
    learningRate: RATE,
    decay: 0,
    side,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    gradients,
  });
  const small = Math.min(rows, columns);
  const first = (projector: Array64) =>
    Float64Array.from({ length: small }, (_, x) => projector[side === 'right' ? x : x * RANK] as number);
  const cosine = (a: Array64, b: Array64) => {
    const dot = (x: Array64, y: Array64) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const apart = bases.map(({ vectors }, period) =>
    Math.abs(1 - Math.abs(cosine(first(projectorAt(period * EVERY)), vectors.slice(0, small)))),
  );
  report(
    within(
      `first basis vector of every refresh of ${rows} × ${columns} in 4 bits: 1 less its cosine with float64’s`,
      Math.max(...apart),
      0.03,
      'fifteen steps over a range of about six deviations leave an error of 0.12 of the values, half of its square in the cosine',
    ),
  );
  const told = bases.slice(1).map(({ vectors }, at) => {
    const step = (at + 1) * EVERY;
    const [value = Number.NaN] = run.watched.get(SIMILARITY)?.[step] ?? [];
    return Math.abs(Math.abs(value) - Math.abs(cosine(first(projectorAt(step - 1)), vectors.slice(0, small))));
  });
  report(
    within(
      `likeness of two refreshes of ${rows} × ${columns} against float64`,
      Math.max(...told),
      1e-4,
      'cosine of the vector found and the one that stood; float32 vectors are good to 1e-5',
    ),
  );
}

/** Weights stored in 8 bits again and again from the same values. */
async function rounding({ opened, seed, report }: CheckContext): Promise<void> {
  const count = 2 * GROUP + 100;
  const draws = 200;
  const next = normals(seed + 2);
  // The second group lies on one side of zero, and the last is a short one.
  const values = Float32Array.from({ length: count }, (_, i) => 0.02 * next() + (i >= GROUP && i < 2 * GROUP ? 0.2 : 0));
  const trace = new Trace();
  const input = (name: string, shape: readonly number[], dtype: 'fp32' | 'int8' | 'bf16') => {
    const tensor = make(trace, name, shape, 'weights', dtype);
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  };
  const grouping = { bits: 8, wide: 8, group: GROUP } as const;
  const groups = Math.ceil(count / GROUP);
  const x = input('x', [count], 'fp32');
  const parts = [input('codes', [count], 'int8'), input('scales', [groups, 2], 'bf16')];
  trace.phase('optimizer');
  packGroups(trace, 'x', x, parts, grouping, { stochastic: true });
  const program = await prepare(opened, trace.finish(), binders);
  const sum = new Float64Array(count);
  let furthest = 0;
  let scales = new Uint16Array();
  try {
    program.write(program.find('x'), values);
    program.write(program.find('codes'), new Uint8Array(Math.ceil(count / 4) * 4));
    program.write(program.find('scales'), new Uint32Array(groups));
    for (let draw = 0; draw < draws; draw++) {
      await program.step({ index: draw, seed, learningRate: 0, valid: 1 });
      const codes = new Uint8Array(await program.read(program.find('codes')));
      scales = new Uint16Array(await program.read(program.find('scales')));
      decodeGroups({ codes, scales }, grouping, count).forEach((value, i) => {
        const error = (value - (values[i] as number)) / scaleOf({ scales }, Math.floor(i / GROUP));
        sum[i] = (sum[i] as number) + error;
        furthest = Math.abs(error) <= furthest ? furthest : Number.isFinite(error) ? Math.abs(error) : Number.MAX_VALUE;
      });
    }
  } finally {
    program.destroy();
  }
  report(
    within(
      `furthest of ${draws} stored values from the weight, in steps of its group`,
      furthest,
      1 + 1e-4,
      'rounding up or down goes to one of the two neighbours; no group clamps, on one side of zero or on both',
      'steps',
    ),
  );
  report(
    within(
      `mean error of ${draws} draws, furthest of ${count} weights, in steps`,
      sum.reduce((high, value) => Math.max(high, Math.abs(value / draws)), 0),
      (5 * 0.5) / Math.sqrt(draws),
      'the mean of what is stored is the weight: five deviations of a mean whose draws deviate by half a step at most',
      'steps',
    ),
  );
}

/** Bytes of weight, projector and moments of every matrix, as the tape keeps them, against the paper's. */
function bytes({ use, report, plan }: CheckContext): void {
  const packed = use.args.packed === true;
  const { hidden, ffn, heads, kvHeads, headDim } = plan.model;
  const rank = Number(use.args.rank);
  const rule = qGaloreRule({ rank, every: 1, scale: 1, packed });
  const sizeOf = (parts: readonly Part[]) =>
    parts.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, elements({ name: '', role: 'linear', shape })), 0);
  const { stored } = recipeOf(plan);
  let [held, stated, weights] = [0, 0, 0];
  for (const [m, n] of [
    [heads * headDim, hidden],
    [kvHeads * headDim, hidden],
    [ffn, hidden],
    [hidden, ffn],
  ] as const) {
    const weight = { name: 'w', shape: [m, n], role: 'linear' as const };
    const parts = rule.states(weight);
    weights += sizeOf(stored(weight)) - m * n - 4 * Math.ceil((m * n) / GROUP);
    held += sizeOf(parts.filter(({ name }) => name !== SIMILARITY));
    const r = Math.min(rank, m, n);
    const [small, low] = [r * Math.min(m, n), r * Math.max(m, n)];
    const projector = Math.ceil(small / (packed ? 2 : 1)) + 4 * Math.ceil(small / GROUP);
    // Moments of fewer than 4096 elements stay in float32, as bitsandbytes has them.
    stated += projector + (low < 4096 ? 8 * low : 2 * low + 8 * Math.ceil(low / GROUP));
  }
  report(
    within(
      'bytes of four stored matrices less a byte a weight and 4 for each 256',
      Math.abs(weights),
      0,
      '8-bit codes, a bfloat16 scale and zero for each group',
      'bytes',
    ),
  );
  report(
    within(
      `state bytes of four matrices: ${held}, by the paper ${stated}`,
      Math.abs(held - stated),
      0,
      `projector codes in ${packed ? 'half a byte' : 'a byte'}, a bfloat16 scale and zero for 256; moments a byte each and a maximum for 256`,
      'bytes',
    ),
  );
}
