import { type TechniqueCheck, within } from '../../runner/checks/context';
import { type Replayed, replayRule, sampleGradients } from '../../runner/checks/optimizer';
import { adamDirection } from '../../runner/reference/optimizers';
import { relativeToChange } from '../../runner/reference/relative';
import { ADAM } from '../adamw/webgpu';
import { wholeBlock } from '../adamw8bit/webgpu';
import { FORMATS, float8Value } from '../fp8/formats';
import { adamwFp8Rule } from './webgpu';

const STEPS = 5;
const RATE = 0.01;
/** Whole groups of 128, and a short one. */
const COUNT = 1280 + 70;
/** Powers and logarithms of a driver may be off by so much, relative. */
const POWER_SLACK = 2e-4;

interface Moment {
  values: Float64Array<ArrayBuffer>;
  /** What a value, scaled as its group says, would be stored as before rounding, and the value of such a number. */
  shrink(value: number, at: number): number;
  grow(scaled: number, at: number): number;
}

/** A stored moment in double precision. */
function stored({ states }: Replayed, name: string, group: number, expand: boolean): Moment {
  const codes = new Uint8Array(states.get(name) as ArrayBuffer);
  const own = new Float32Array(states.get(`${name}.groups`) as ArrayBuffer);
  const of = (at: number): [scale: number, power: number, middle: number] => {
    const first = Math.floor(at / group) * (expand ? 3 : 1);
    return expand ? [own[first] as number, own[first + 1] as number, own[first + 2] as number] : [own[first] as number, 1, 1];
  };
  const grow = (scaled: number, at: number): number => {
    const [scale, power, middle] = of(at);
    return Math.sign(scaled) * (Math.abs(scaled) * scale) ** (1 / power) * middle;
  };
  const shrink = (value: number, at: number): number => {
    const [scale, power, middle] = of(at);
    return scale === 0 ? 0 : (Math.sign(value) * (Math.abs(value) / middle) ** power) / scale;
  };
  const values = Float64Array.from({ length: COUNT }, (_, at) => grow(float8Value('e4m3', codes[at] as number), at));
  return { values, shrink, grow };
}

/** Largest distance of a stored moment from `wanted`, over half the gap between the codes there. */
function roundingOf({ values, shrink, grow }: Moment, wanted: Float64Array): number {
  const { mantissa, bias } = FORMATS.e4m3;
  let worst = 0;
  wanted.forEach((value, at) => {
    const scaled = Math.abs(shrink(value, at));
    const half = Math.max(scaled * 2 ** -(mantissa + 1), 2 ** (1 - bias - mantissa) / 2) + POWER_SLACK * scaled;
    const [low, high] = [grow(Math.max(0, scaled - half), at), grow(scaled + half, at)];
    const allowed = Math.max(high - Math.abs(value), Math.abs(value) - low, 1.2e-38);
    worst = Math.max(worst, Math.abs((values[at] as number) - value) / allowed);
  });
  return Number.isFinite(worst) ? worst : Number.MAX_VALUE;
}

/** One step from moments that the device stored, against double precision; how near what it stores is; bytes. */
export const check: TechniqueCheck = async ({ opened, seed, use, report }) => {
  const [group, expand] = [wholeBlock(Number(use.args.group)), use.args.expand === true];
  const rule = adamwFp8Rule(group, expand, ADAM);
  const { gradients, before } = sampleGradients(COUNT, STEPS, seed);
  const replay = (steps: number) => replayRule(opened, rule, gradients.slice(0, steps), before, RATE);
  const [earlier, last] = [await replay(STEPS - 1), await replay(STEPS)];
  const first = { m: new Float64Array(COUNT), v: new Float64Array(COUNT) };
  const step = (state: typeof first, from: ArrayLike<number>, count: number): Float64Array => {
    const change = adamDirection(state, gradients[count - 1] ?? new Float64Array(), count, { rate: RATE, ...ADAM });
    return change.map((by, at) => (from[at] as number) - by);
  };
  report(
    within(
      `${COUNT} weights after the first step against float64`,
      relativeToChange(last.parameters[0] as Float32Array, step(first, before, 1), before),
      1e-5,
      'the first update uses moments that were never rounded: it is Adam’s own',
    ),
  );
  const moment = (from: Replayed, name: string) => stored(from, name, group, expand);
  const state = { m: moment(earlier, 'exp_avg').values, v: moment(earlier, 'exp_avg_sq').values };
  const from = earlier.parameters[STEPS - 2] as Float32Array;
  const wanted = step(state, from, STEPS);
  report(
    within(
      `step ${STEPS} from the stored moments against float64`,
      relativeToChange(last.parameters[STEPS - 1] as Float32Array, wanted, Float64Array.from(from)),
      1e-3,
      `largest difference over the largest change; a driver’s powers are off by ${POWER_SLACK} each`,
    ),
  );
  report(
    within(
      '|moment − stored| over half the gap between two codes, the worst',
      Math.max(roundingOf(moment(last, 'exp_avg'), state.m), roundingOf(moment(last, 'exp_avg_sq'), state.v)),
      1.01,
      'E4M3 has three fraction bits; the group’s power stretches or shrinks their distance',
    ),
  );
  const bytes = last.parts.reduce(
    (sum, { shape, dtype }) => sum + shape.reduce((a, b) => a * b, 1) * (dtype === 'fp8' ? 1 : 4),
    0,
  );
  const formula = 2 * COUNT + (expand ? 24 : 8) * Math.ceil(COUNT / group);
  report(
    within(
      `state bytes: ${bytes} held, ${formula} by 2n + ${expand ? 24 : 8}·⌈n/${group}⌉`,
      Math.abs(bytes - formula),
      0,
      'two codes an element and the numbers of their groups',
      'bytes',
    ),
  );
};
