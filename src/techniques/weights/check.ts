import { binders } from '../../runner/binders';
import { type TechniqueCheck, within } from '../../runner/checks/context';
import { prepare } from '../../runner/program';
import { normals } from '../../runner/random';
import { Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import { DOUBLE_BLOCK, decodeNf4, encodeNf4, NF4_BLOCK } from './nf4';
import { nf4Parts } from './run';
import { nf4Unpack } from './webgpu';

const [ROWS, COLUMNS] = [128, 256];

/** NF4: the device's matrix against the codes' in double precision, the error of a normal weight, the bits of a weight. */
export const check: TechniqueCheck = async ({ opened, seed, use, report }) => {
  const double = use.args['double-quant'] === true;
  const count = ROWS * COLUMNS;
  const next = normals(seed);
  const values = Float32Array.from({ length: count }, () => 0.02 * next());
  const parts = nf4Parts(values, double);
  const trace = new Trace();
  const inputs = Object.entries(parts).map(([name, data]) => {
    const tensor = make(trace, name, [Math.ceil(data.byteLength / 4)], 'weights', 'int32');
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  });
  const copy = make(trace, 'copy', [count], 'weights');
  trace.op({ op: 'input', label: 'copy', writes: [copy] });
  trace.phase('forward');
  const matrix = nf4Unpack.emit(trace, { name: 'attn.q', shape: [ROWS, COLUMNS], role: 'linear' }, inputs);
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
    program.write(program.find('copy'), new Float32Array(count));
    await program.step({ index: 0, seed, learningRate: 0, valid: 1 });
    got = new Float32Array(await program.read(program.find('copy')));
  } finally {
    program.destroy();
  }
  const wanted = decodeNf4(encodeNf4(values, double), count);
  const high = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = wanted.reduce(
    (most, value, i) => (Math.abs(value - (got[i] as number)) <= most ? most : Math.abs(value - (got[i] as number))),
    0,
  );
  report(
    within(
      `${count} weights decoded on the device against float64`,
      apart / high,
      1e-6,
      'largest difference over the largest weight; two float32 products',
    ),
  );
  const norm = (list: ArrayLike<number>) => Math.sqrt(Array.from(list).reduce((sum, value) => sum + value * value, 0));
  report(
    within(
      'error of normal weights, relative in Frobenius norm',
      norm(values.map((value, i) => value - (got[i] as number))) / norm(values),
      0.1,
      'sixteen normal quantiles in blocks of 64 leave 9.2 % of a normal weight; a wrong level or order leaves more',
    ),
  );
  const bytes = Object.values(parts).reduce((sum, data) => sum + data.byteLength, 0);
  const blocks = count / NF4_BLOCK;
  const stated = count / 2 + (double ? blocks + 4 * Math.ceil(blocks / DOUBLE_BLOCK) + 4 : 4 * blocks);
  report(
    within(
      `stored bytes: ${bytes} for ${count} weights, ${((8 * bytes) / count).toFixed(3)} bits each`,
      Math.abs(bytes - stated),
      0,
      'codes, maxima, and with double quantization their codes',
      'bytes',
    ),
  );
};
