import { binders } from '../../runner/binders';
import { type CheckContext, type TechniqueCheck, within } from '../../runner/checks/context';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import { Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { UnpackRule } from '../../tape/webgpu/rules';
import { encodeGroups, scaleOf } from './grouped';
import { encodeHalf, type Half } from './halves';
import { DOUBLE_BLOCK, NF4_BLOCK } from './nf4';
import { groupedUnpack, halfUnpack, nf4Unpack } from './webgpu';

const [ROWS, COLUMNS] = [128, 256];
const COUNT = ROWS * COLUMNS;

/** NF4: the device's matrix against the codes' in double precision, the error of a normal weight, the bits of a weight. */
export const check: TechniqueCheck = async (context) => {
  const double = context.use.args['double-quant'] === true;
  const blocks = COUNT / NF4_BLOCK;
  await checkStored(context, nf4Unpack(double), {
    error: () => 0.1,
    why: 'sixteen normal quantiles in blocks of 64 leave 9.2 % of a normal weight; a wrong level or order leaves more',
    bytes: COUNT / 2 + (double ? blocks + 4 * Math.ceil(blocks / DOUBLE_BLOCK) + 4 : 4 * blocks),
    parts: 'codes, maxima, and with double quantization their codes',
  });
};

/** Sixteen-bit floats: what the host rounded is read on the device; what the device rounds is the host's neighbour at most. */
export const checkHalves =
  (half: Half): TechniqueCheck =>
  async (context) => {
    await checkStored(context, halfUnpack(half), {
      error: () => (half === 'fp16' ? 2 ** -12 : 2 ** -9),
      why: `half a unit in the last of ${half === 'fp16' ? 11 : 8} bits at most, less on the average`,
      bytes: 2 * COUNT,
      parts: 'two bytes a weight',
    });
    await roundTrip(context, half);
  };

/** Stores values on the device, and counts the weights that are not the host's rounding of them. */
export async function roundTrip({ opened, seed, report }: CheckContext, half: Half): Promise<void> {
  const storage = halfUnpack(half);
  const next = normals(seed + 1);
  // An odd number of them, over six decades.
  const values = Float32Array.from({ length: 1001 }, (_, i) => next() * 10 ** -(i % 6));
  const trace = new Trace();
  const input = (name: string, dtype: 'fp32' | Half) => {
    const tensor = make(trace, name, [values.length], 'weights', dtype);
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  };
  const [whole, stored] = [input('whole', 'fp32'), input('stored', half)];
  trace.phase('optimizer');
  storage.store?.(trace, { name: 'attn.q', shape: [values.length], role: 'linear' }, whole, [stored]);
  const program = await prepare(opened, trace.finish(), binders);
  try {
    program.write(program.find('whole'), values);
    program.write(program.find('stored'), new Uint32Array(Math.ceil(values.length / 2)));
    await program.step({ index: 0, seed, learningRate: 0, valid: 1 });
    const got = new Uint16Array(await program.read(program.find('stored')));
    const apart = values.reduce((most, value, i) => Math.max(most, Math.abs(encodeHalf(value, half) - (got[i] as number))), 0);
    report(
      within(
        `${values.length} values rounded on the device, furthest from the host's rounding to nearest`,
        apart,
        half === 'fp16' ? 1 : 0,
        half === 'fp16' ? 'WGSL lets an adapter round to either neighbour' : 'the same bits',
        'units in the last place',
      ),
    );
  } finally {
    program.destroy();
  }
}

/** Integer codes in groups. */
export const checkGroups =
  (bits: 8 | 4): TechniqueCheck =>
  async (context) => {
    const group = Number(context.use.args.group);
    await checkStored(context, groupedUnpack({ bits, wide: bits, group }, false), {
      error: (values) => {
        const { scales } = encodeGroups(values, { bits, wide: bits, group });
        const steps = Array.from({ length: scales.length / 2 }, (_, at) => scaleOf({ scales }, at));
        return (1.1 * Math.sqrt(meanSquare(steps) / 12)) / Math.sqrt(meanSquare(values));
      },
      why: "an even error has a deviation of a step / √12; 10 % for the last group's weights and for chance",
      bytes: (COUNT * bits) / 8 + 4 * Math.ceil(COUNT / group),
      parts: 'codes, and a bfloat16 scale and zero for each group',
    });
  };

const meanSquare = (list: ArrayLike<number>) => Array.from(list).reduce((sum, value) => sum + value * value, 0) / list.length;

async function checkStored(
  { opened, seed, report }: CheckContext,
  storage: UnpackRule,
  stated: { error: (values: Float32Array) => number; why: string; bytes: number; parts: string },
): Promise<void> {
  const next = normals(seed);
  const values = Float32Array.from({ length: COUNT }, () => 0.02 * next());
  const parts = storage.encode(values);
  const trace = new Trace();
  const inputs = Object.entries(parts).map(([name, data]) => {
    const tensor = make(trace, name, [Math.ceil(data.byteLength / 4)], 'weights', 'int32');
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  });
  const copy = make(trace, 'copy', [COUNT], 'weights');
  trace.op({ op: 'input', label: 'copy', writes: [copy] });
  trace.phase('forward');
  const matrix = storage.emit(trace, { name: 'attn.q', shape: [ROWS, COLUMNS], role: 'linear' }, inputs);
  trace.op({ op: 'copy', label: 'copy', reads: [matrix], writes: [copy] });
  trace.release(matrix);
  const program = await prepare(opened, trace.finish(), binders);
  let got: Float32Array;
  try {
    for (const [name, data] of Object.entries(parts)) {
      const whole = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
      whole.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      program.write(program.find(name), whole);
    }
    program.write(program.find('copy'), new Float32Array(COUNT));
    await program.step({ index: 0, seed, learningRate: 0, valid: 1 });
    got = new Float32Array(await program.read(program.find('copy')));
  } finally {
    program.destroy();
  }
  const wanted = storage.decode(parts, COUNT);
  const high = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = wanted.reduce(
    (most, value, i) => (Math.abs(value - (got[i] as number)) <= most ? most : Math.abs(value - (got[i] as number))),
    0,
  );
  report(
    within(
      `${COUNT} weights decoded on the device against float64`,
      apart / high,
      1e-6,
      'largest difference over the largest weight; two float32 products',
    ),
  );
  report(
    within(
      'error of normal weights, relative in Frobenius norm',
      Math.sqrt(meanSquare(values.map((value, i) => value - (got[i] as number))) / meanSquare(values)),
      stated.error(values),
      stated.why,
    ),
  );
  const bytes = Object.values(parts).reduce((sum, data) => sum + data.byteLength, 0);
  report(
    within(
      `stored bytes: ${bytes} for ${COUNT} weights, ${((8 * bytes) / COUNT).toFixed(3)} bits each`,
      Math.abs(bytes - stated.bytes),
      0,
      stated.parts,
      'bytes',
    ),
  );
}
