/** Runs a few ops of the engine on given values, for tests of kernels. */

import type { DType } from '../../src/plan/types';
import { binders } from '../../src/runner/binders';
import { prepare } from '../../src/runner/program';
import { type Tensor, Trace } from '../../src/tape/trace';
import { make } from '../../src/tape/webgpu/ops';
import { softwareDevice } from './software';

export interface Values {
  shape: readonly number[];
  data: ArrayLike<number>;
  dtype?: DType;
}

/** Every input persists and is read back after `steps` steps, by name. */
export async function runOps(
  inputs: { [name: string]: Values },
  record: (trace: Trace, tensors: { [name: string]: Tensor }) => void,
  steps = 1,
  learningRate = 0,
): Promise<{ [name: string]: Float32Array }> {
  const opened = await softwareDevice();
  const trace = new Trace();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'fp32' }]) => {
      const tensor = make(trace, name, shape, 'weights', dtype);
      trace.op({ op: 'input', label: name, writes: [tensor] });
      return [name, tensor];
    }),
  );
  trace.phase('forward');
  record(trace, tensors);
  const program = await prepare(opened, trace.finish(), binders);
  try {
    for (const [name, { data, dtype }] of Object.entries(inputs)) {
      const integers = dtype === 'int32' || dtype === 'int8';
      const values = integers ? Uint32Array.from(data as ArrayLike<number>) : Float32Array.from(data as ArrayLike<number>);
      program.write(program.find(name), dtype === 'int8' ? padded(Uint8Array.from(data as ArrayLike<number>)) : values);
    }
    for (let index = 0; index < steps; index++) await program.step({ index, seed: 3, learningRate, valid: 1 });
    const outputs: { [name: string]: Float32Array } = {};
    for (const [name, { shape }] of Object.entries(inputs)) {
      const count = shape.reduce((product, size) => product * size, 1);
      outputs[name] = new Float32Array(await program.read(program.find(name))).slice(0, count);
    }
    return outputs;
  } finally {
    program.destroy();
  }
}

const padded = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return whole;
};

/** Numbers between −1 and 1 that float32 holds. */
export function noise(count: number, seed: number): Float64Array<ArrayBuffer> {
  let state = seed * 2654435761 + 1;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2147483648 - 1);
  });
}

/** Largest |a − b|. */
export const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((high, value, i) => Math.max(high, Math.abs(value - (b[i] as number))), 0);
