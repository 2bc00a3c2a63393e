/** An optimizer's rule on given gradients, by itself: what the checks of optimizers compare with double precision. */
import type { Weight } from '../../plan/weights';
import type { Part } from '../../tape/recipe';
import { type Tensor, Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { binders } from '../binders';
import type { Opened } from '../device';
import { prepare } from '../program';
import { normals } from '../random';
import type { Array64 } from '../reference/arrays';
import { relativeToChange } from '../reference/relative';
import { type CheckContext, within } from './context';

export interface Replayed {
  before: Array64;
  parameters: Float32Array[];
  /** The watched states after every step, by name. */
  watched: Map<string, Float32Array[]>;
  /** Stored states after the last step, by name, as bytes. */
  states: Map<string, ArrayBuffer>;
  parts: Part[];
}

/** Parameters after every step, of a vector unless told. */
export async function replayRule(
  opened: Opened,
  rule: OptimizerRule,
  gradients: readonly Array64[],
  before: Array64,
  learningRate: number,
  {
    weight = { name: 'w', shape: [before.length], role: 'norm' },
    watch = [],
  }: { weight?: Weight; watch?: readonly string[] } = {},
): Promise<Replayed> {
  const { shape } = weight;
  const parts = rule.states(weight);
  const trace = new Trace();
  const input = (part: Part): Tensor => {
    const tensor = make(trace, part.name, part.shape, 'optimizer', part.dtype);
    trace.op({ op: 'input', label: part.name, writes: [tensor] });
    return tensor;
  };
  const parameter = input({ name: 'parameter', shape, dtype: 'fp32' });
  const gradient = input({ name: 'gradient', shape, dtype: 'fp32' });
  const states = parts.map(input);
  trace.phase('optimizer');
  rule.update({ trace, weight, parameter, gradient, states });
  const program = await prepare(opened, trace.finish(), binders);
  try {
    for (const { name, bytes } of states) program.write(program.find(name), new Uint8Array(bytes));
    program.write(program.find('parameter'), Float32Array.from(before));
    const parameters: Float32Array[] = [];
    const watched = new Map<string, Float32Array[]>(watch.map((name) => [name, []]));
    for (const [index, values] of gradients.entries()) {
      program.write(program.find('gradient'), Float32Array.from(values));
      await program.step({ index, seed: 1, learningRate, valid: 1 });
      parameters.push(new Float32Array(await program.read(program.find('parameter'))).slice(0, before.length));
      for (const [name, seen] of watched) seen.push(new Float32Array(await program.read(program.find(name))));
    }
    const stored = new Map<string, ArrayBuffer>();
    for (const { name } of parts) stored.set(name, await program.read(program.find(name)));
    return { before, parameters, watched, states: stored, parts };
  } finally {
    program.destroy();
  }
}

/** Reports how far the weights after the last step are from `wanted`, over the largest change. */
export function reportTrajectory(
  report: CheckContext['report'],
  of: string,
  { before, parameters }: Replayed,
  wanted: Array64,
  limit: number,
  why: string,
): void {
  const off = relativeToChange(parameters.at(-1) ?? [], wanted, before);
  const name = `${of} after ${parameters.length} steps against float64`;
  report(within(name, off, limit, `largest difference over the largest change; ${why}`));
}

/** Reports how many elements the states have more or fewer than is stated. */
export function reportElements(
  report: CheckContext['report'],
  of: string,
  { parts }: Replayed,
  stated: number,
  why: string,
): void {
  const held = parts.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  report(within(`state elements of ${of} beyond what is stated, ${stated}`, Math.abs(held - stated), 0, why, 'elements'));
}

/** Gradients of sizes over six decades, some of them zero, and a weight to start from. */
export function sampleGradients(count: number, steps: number, seed: number): { gradients: Array64[]; before: Array64 } {
  const next = normals(seed);
  const size = Float64Array.from({ length: count }, () => 10 ** (-3 + 1.5 * Math.tanh(next())));
  const base = Float64Array.from({ length: count }, () => next());
  const gradients = Array.from({ length: steps }, () =>
    Float64Array.from({ length: count }, (_, i) =>
      i % 97 === 3 ? 0 : Math.fround((size[i] as number) * ((base[i] as number) + 0.5 * next())),
    ),
  );
  return { gradients, before: Float64Array.from({ length: count }, () => Math.fround(0.1 * next())) };
}
