import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { movesWithin } from '../../runner/checks/effect';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import { simulate } from '../../tape/simulate';
import { Trace } from '../../tape/trace';
import { emit, make, plainRows } from '../../tape/webgpu/ops';
import { align } from '../../tape/webgpu/rules';
import { FORMATS, type Format, float8Code, float8Value } from './formats';
import { type Float8, float8Kept } from './webgpu';

export interface Coded {
  codes: Uint8Array;
  scales: ArrayBuffer;
  restored: Float32Array;
  /** Bytes of codes and scales, as simulated and as the arena's books counted them. */
  predicted: number;
  counted: number;
}

/** Packs and unpacks a matrix on the device. */
export async function coded(
  context: CheckContext,
  rule: Float8,
  values: Float32Array<ArrayBuffer>,
  columns: number,
): Promise<Coded> {
  const shape = [values.length / columns, columns];
  const kept = float8Kept(rule);
  const trace = new Trace();
  const [x, out] = ['x', 'out'].map((name) => {
    const tensor = make(trace, name, shape, 'activations');
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  }) as [ReturnType<typeof make>, ReturnType<typeof make>];
  trace.phase('forward');
  // The codes stay bound to the end of the step, so that they can be read.
  const packed = kept.pack(trace, x, 0);
  const back = kept.unpack(trace, packed, shape);
  emit(trace, { op: 'copy', rows: plainRows(values.length), reads: [back], writes: [out] });
  const tape = trace.finish();
  const program = await prepare(context.opened, tape, binders);
  try {
    program.write(program.find('x'), values);
    program.write(program.find('out'), new Float32Array(values.length));
    await program.step({ index: 0, seed: context.seed, learningRate: 0, valid: 1 });
    const whole = 3 * align(values.length * 4);
    return {
      codes: new Uint8Array(await program.read(program.find('x.codes'))).slice(0, values.length),
      scales: await program.read(program.find('x.scales')),
      restored: new Float32Array(await program.read(program.find('out'))).slice(0, values.length),
      predicted: simulate(tape).peak - whole,
      counted: program.highWater() - whole,
    };
  } finally {
    program.destroy();
  }
}

/**
 * Values in groups whose scale is exactly 1, because the largest of each is the format's largest: every finite code, every middle
 * between two neighbours, and the float32 numbers on both sides of it.
 */
function everyRounding(format: Format, group: number): Float32Array<ArrayBuffer> {
  const { most, special } = FORMATS[format];
  const values: number[] = [];
  for (let code = 0; code < special; code++) {
    const value = float8Value(format, code);
    const middle = (value + float8Value(format, Math.min(code + 1, special - 1))) / 2;
    for (const near of [value, middle, middle * (1 - 2 ** -23), middle * (1 + 2 ** -23), middle * 0.7])
      values.push(Math.min(near, most), Math.max(-near, -most));
  }
  const groups: number[] = [];
  for (let at = 0; at < values.length; at += group - 1) {
    const part = values.slice(at, at + group - 1);
    groups.push(most, ...part, ...new Array<number>(group - 1 - part.length).fill(0));
  }
  return Float32Array.from(groups);
}

/** Rows as activations have them, and those that break a careless coder; the last group of a row is short. */
export function samples(rows: number, columns: number, group: number, seed: number): Float32Array<ArrayBuffer> {
  const next = normals(seed);
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const at = Math.floor((i % columns) / group) + Math.floor(i / columns);
    if (at % 8 === 0) return 0;
    if (at % 8 === 1) return 3.7;
    if (at % 8 === 2) return i % 7 === 3 ? 900 * next() : 0.01 * next();
    if (at % 8 === 3) return 1e-20 * next();
    if (at % 8 === 4) return 1e20 * next();
    if (at % 8 === 5) return i % 3 === 0 ? 0 : next();
    return next();
  });
}

/** Float32 division, powers and logarithms of a driver are off by so much at most, relative: codes may differ only so near a middle. */
const LINEAR_SLACK = 4 * 2 ** -24;
const POWER_SLACK = 2e-4;

/** Codes that are not the nearest to what they stand for, by more than a driver's own rounding can explain. */
function misrounded(
  rule: Float8,
  values: Float32Array,
  columns: number,
  { codes, scales }: Coded,
): { wrong: number; tested: number } {
  const { most } = FORMATS[rule.format];
  const across = Math.ceil(columns / rule.group);
  const [halves, floats] = [new Uint16Array(scales), new Float32Array(scales)];
  const bfloat = (word: number) => new Float32Array(Uint32Array.of(word << 16).buffer)[0] as number;
  let wrong = 0;
  values.forEach((value, i) => {
    const group = Math.floor(i / columns) * across + Math.floor((i % columns) / rule.group);
    const scale = rule.expand ? (floats[group * 3] as number) : bfloat(halves[group] as number);
    let exact = scale === 0 ? 0 : Math.abs(value) / scale;
    if (rule.expand && scale !== 0 && value !== 0)
      exact = (Math.abs(value) / (floats[group * 3 + 2] as number)) ** (floats[group * 3 + 1] as number) / scale;
    const slack = rule.expand ? POWER_SLACK : LINEAR_SLACK;
    const code = (codes[i] as number) & 0x7f;
    const nearest = [1 - slack, 1, 1 + slack].map((factor) => float8Code(rule.format, Math.min(most, exact * factor)));
    const sign = code === 0 || Math.sign(value) === ((codes[i] as number) & 0x80 ? -1 : 1);
    if (!nearest.includes(code) || !sign) wrong += 1;
  });
  return { wrong, tested: values.length };
}

/** Largest |x − x̂| over what rounding to nearest allows: half the gap of the code, grown back. */
function worstError(rule: Float8, values: Float32Array, columns: number, { scales, restored }: Coded): number {
  const { mantissa, bias } = FORMATS[rule.format];
  const [unit, smallest] = [2 ** -(mantissa + 1), 2 ** (1 - bias - mantissa)];
  const across = Math.ceil(columns / rule.group);
  const halves = new Uint16Array(scales);
  return values.reduce((worst, value, i) => {
    const group = Math.floor(i / columns) * across + Math.floor((i % columns) / rule.group);
    const scale = new Float32Array(Uint32Array.of((halves[group] as number) << 16).buffer)[0] as number;
    const allowed = Math.max(unit * Math.abs(value), (smallest / 2) * scale, 448 * 1.2e-38) * (1 + 1e-6);
    const ratio = Math.abs((restored[i] as number) - value) / allowed;
    return ratio <= worst ? worst : Number.isFinite(ratio) ? ratio : Number.MAX_VALUE;
  }, 0);
}

/** Round trips of codes, every rounding, error bounds, bytes, and what gradients do. */
export const check: TechniqueCheck = async (context) => {
  const { args } = context.use;
  const rule: Float8 = { format: args.format as Format, group: Number(args.group), expand: args.expand === true };
  const { format, group } = rule;
  const { mantissa, special } = FORMATS[format];
  const plain = { ...rule, expand: false };

  const all = everyRounding(format, group);
  const every = await coded(context, plain, all, group);
  let [astray, roundings] = [0, 0];
  all.forEach((value, i) => {
    const wanted = float8Code(format, value);
    const same = every.codes[i] === wanted || ((wanted & 0x7f) === 0 && ((every.codes[i] as number) & 0x7f) === 0);
    if (!same) roundings += 1;
    if (!Object.is(Math.abs(every.restored[i] as number), Math.abs(float8Value(format, every.codes[i] as number)))) astray += 1;
  });
  const seen = new Set(every.codes);
  const missing = Array.from({ length: 256 }, (_, code) => code).filter((code) => (code & 0x7f) < special && !seen.has(code));
  context.report(
    within(
      `codes of ${format} that do not come back bit for bit, or never came, of ${2 * special}`,
      astray + missing.filter((code) => code !== 0x80).length,
      0,
      'a code is a float32 number, and that number is nearest to itself: there and back is exact on every driver',
      'codes',
    ),
  );
  context.report(
    within(
      `roundings that differ from a search in double precision, of ${all.length}`,
      roundings,
      0,
      'every code, every middle between two, and the float32 numbers beside it, at a scale of exactly 1: ties go to the even code',
      'roundings',
    ),
  );

  const columns = 3 * group + 5;
  const values = samples(24, columns, group, context.seed);
  const made = await coded(context, rule, values, columns);
  const { wrong, tested } = misrounded(rule, values, columns, made);
  context.report(
    within(
      `scaled values with a code that is not the nearest, of ${tested}`,
      wrong,
      0,
      `double precision with the stored ${rule.expand ? 'scale, power and middle' : 'scale'}; a driver’s own rounding may decide within ${rule.expand ? POWER_SLACK : LINEAR_SLACK} of a middle`,
      'codes',
    ),
  );
  if (!rule.expand)
    context.report(
      within(
        '|x − x̂| over half the gap between two codes, the worst',
        worstError(rule, values, columns, made),
        1,
        `${mantissa} fraction bits: 1/${2 ** (mantissa + 1)} of the value, or half the smallest number times the scale`,
      ),
    );
  const groups = 24 * Math.ceil(columns / group);
  const bytes = align(Math.ceil(values.length / 4) * 4) + align(groups * (rule.expand ? 12 : 2));
  context.report(
    within(
      `packed bytes: ${made.counted} counted, ${bytes} by the formula`,
      Math.abs(made.counted - bytes) + Math.abs(made.predicted - bytes),
      0,
      `one byte an element and ${rule.expand ? 'three float32' : 'a bfloat16'} for each ${group} of a row, in ranges of 256 bytes`,
      'bytes',
    ),
  );
  const unit = 2 ** -(mantissa + 1);
  await movesWithin(
    context,
    (1 + 4 * unit) ** context.plan.model.layers - 1,
    `a saved value is off by 1/${1 / unit} of itself at most, a layer’s gradient reads four of them (input, h, gate and up), and ${context.plan.model.layers} layers follow one another`,
  );
};
