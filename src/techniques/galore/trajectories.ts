/** Replays recorded trajectories on the device with the very ops that a plan's GaLore runs, and compares. */
import type { Weight } from '../../plan/weights';
import { binders } from '../../runner/binders';
import { type CheckEvent, within } from '../../runner/checks/context';
import type { Opened } from '../../runner/device';
import { RunnerError } from '../../runner/errors';
import { type Program, prepare } from '../../runner/program';
import { relativeToChange } from '../../runner/reference/relative';
import { Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import { ADAM, adamwRule } from '../adamw/webgpu';
import { type Basis, basesOf, degenerate, inferSigns, replay, type Settings } from './reference';
import type { TrajectoryCase } from './trajectory-file';
import { galoreRule } from './webgpu';

export interface Replay {
  first: Float32Array;
  last: Float32Array;
  /** Projector after every refresh, basis vectors as rows. */
  projectors: Float32Array[];
  stateShape: readonly number[];
  projectorShape: readonly number[];
}

/** Runs GaLore's AdamW over given gradients on the device. */
export async function replayOnDevice(
  opened: Opened,
  s: Settings,
  before: Float64Array,
  signs: readonly (readonly number[])[],
): Promise<Replay> {
  const trace = new Trace();
  const input = (name: string, shape: readonly number[]) => {
    const tensor = make(trace, name, shape, 'weights');
    trace.op({ op: 'input', label: name, writes: [tensor] });
    return tensor;
  };
  const shape = [s.rows, s.columns];
  const weight: Weight = { name: 'matrix', shape, role: 'linear' };
  const [parameter, gradient, turns] = [input('parameter', shape), input('gradient', shape), input('signs', [s.rank])];
  const rule = galoreRule(
    { rank: s.rank, every: s.every, scale: s.scale, decay: s.decay, side: s.side, signs: turns },
    adamwRule({ ...ADAM, form: 'transformers', beta1: s.beta1, beta2: s.beta2, epsilon: s.epsilon }),
  );
  const states = rule.states(weight).map((part) => input(part.name, part.shape));
  trace.phase('optimizer');
  rule.update({ trace, weight, parameter, gradient, states });
  const program: Program = await prepare(opened, trace.finish(), binders);
  const write = (name: string, values: ArrayLike<number>) => program.write(program.find(name), Float32Array.from(values));
  const read = async (name: string, count: number) => new Float32Array(await program.read(program.find(name))).slice(0, count);
  try {
    for (const state of states) write(state.name, new Float32Array(state.shape.reduce((a, b) => a * b, 1)));
    write('parameter', before);
    const projectors: Float32Array[] = [];
    let first = new Float32Array();
    const [small, elements] = [s.side === 'right' ? s.columns : s.rows, s.rows * s.columns];
    for (const [index, values] of s.gradients.entries()) {
      write('gradient', values);
      write('signs', signs[Math.floor(index / s.every)] ?? []);
      await program.step({ index, seed: 1, learningRate: s.learningRate, valid: 1 });
      if (index % s.every === 0) {
        const projector = await read('projector', s.rank * small);
        projectors.push(s.side === 'right' ? projector : rowsOf(projector, small, s.rank));
      }
      if (index === 0) first = await read('parameter', elements);
    }
    return {
      first,
      last: await read('parameter', elements),
      projectors,
      stateShape: states[1]?.shape ?? [],
      projectorShape: states[0]?.shape ?? [],
    };
  } finally {
    program.destroy();
  }
}

/** Columns of a [rows, columns] matrix as rows. */
function rowsOf(matrix: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: matrix.length }, (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)] as number);
}

/** The device may see another element as the largest of a vector than double precision does: its signs are then the other way. */
export function aligned(
  s: Settings,
  bases: readonly Basis[],
  signs: readonly (readonly number[])[],
  got: readonly Float32Array[],
): number[][] | null {
  const small = s.side === 'right' ? s.columns : s.rows;
  let turned = false;
  const corrected = signs.map((row, period) =>
    row.map((sign, vector) => {
      let dot = 0;
      for (let x = vector * small; x < (vector + 1) * small; x++)
        dot += (bases[period]?.vectors[x] ?? 0) * (got[period]?.[x] ?? 0);
      if (dot * sign >= 0) return sign;
      turned = true;
      return -sign;
    }),
  );
  return turned ? corrected : null;
}

/** Float32 against float32 by another library's decomposition; a wrong sign, side or order is off by more than 1e-2. */
export const TRAJECTORY_LIMIT = 1e-4;

export async function verifyCase(opened: Opened, recorded: TrajectoryCase, report: (check: CheckEvent) => void): Promise<void> {
  const say = (check: Omit<CheckEvent, 'type' | 'technique'>) =>
    report({ type: 'check', technique: 'galore', ...check, name: `${recorded.name}: ${check.name}` });
  const bases = basesOf(recorded);
  const blurred = bases.findIndex((basis) => degenerate(basis, recorded.rank));
  if (blurred >= 0)
    throw new RunnerError(
      'degenerate',
      `Case ${recorded.name}: the gradient of step ${blurred * recorded.every + 1} has equal singular values among those kept, so its basis is not defined and no trajectory follows from it.`,
    );
  const { signs, inferred } = inferSigns(recorded, recorded.before, recorded.afterLast, bases);
  const reference = replay(recorded, recorded.before, bases, signs);
  let run = await replayOnDevice(opened, recorded, recorded.before, signs);
  const turned = aligned(recorded, bases, signs, run.projectors);
  if (turned) run = await replayOnDevice(opened, recorded, recorded.before, turned);
  const relative = 'largest difference over the largest change of a weight';
  say(
    within(
      'weights after the first step',
      relativeToChange(run.first, recorded.afterFirst, recorded.before),
      TRAJECTORY_LIMIT,
      relative,
    ),
  );
  say(
    within(
      'weights after the last step',
      relativeToChange(run.last, recorded.afterLast, recorded.before),
      TRAJECTORY_LIMIT,
      inferred > 0
        ? `${relative}; ${inferred} signs of basis vectors, which no decomposition defines, were read off the recording`
        : relative,
    ),
  );
  say(
    within(
      'weights after the last step, float64 reference',
      relativeToChange(reference.last, recorded.afterLast, recorded.before),
      TRAJECTORY_LIMIT,
      relative,
    ),
  );
  const mismatches = (got: readonly number[], wanted: readonly number[]) =>
    Math.abs(got.length - wanted.length) + wanted.filter((size, i) => size !== got[i]).length;
  say(
    within(
      `state is ${run.stateShape.join(' × ')}`,
      mismatches(run.stateShape, recorded.stateShape),
      0,
      `recorded: ${recorded.stateShape.join(' × ')}`,
    ),
  );
  say(
    within(
      `projector is ${run.projectorShape.join(' × ')}`,
      mismatches(run.projectorShape, recorded.projectorShape),
      0,
      `recorded: ${recorded.projectorShape.join(' × ')}`,
    ),
  );
}
