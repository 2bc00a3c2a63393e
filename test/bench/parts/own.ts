/** Single kernels of the runner as programs, and whole trainers, for standing beside the peers. */
import { binders } from '../../../src/runner/binders';
import type { Opened } from '../../../src/runner/device';
import { type Program, prepare } from '../../../src/runner/program';
import { type Tensor, Trace } from '../../../src/tape/trace';
import { emit, make, matmul, plainRows } from '../../../src/tape/webgpu/ops';

export interface OwnKernel {
  program: Program;
  /** Floating-point operations and bytes moved of one run, where they are told. */
  flops: number;
}

type Inputs = { [name: string]: readonly number[] };

/** Random inputs that persist, and the ops of one run. */
async function kernelOf(
  opened: Opened,
  inputs: Inputs,
  record: (trace: Trace, tensors: { [name: string]: Tensor }) => void,
): Promise<OwnKernel> {
  const trace = new Trace();
  const integers = new Set(['targets']);
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => {
      const tensor = make(trace, name, shape, 'weights', integers.has(name) ? 'int32' : 'fp32');
      trace.op({ op: 'input', label: name, writes: [tensor] });
      return [name, tensor];
    }),
  );
  trace.phase('forward');
  record(trace, tensors);
  const program = await prepare(opened, trace.finish(), binders);
  for (const [name, shape] of Object.entries(inputs)) {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = integers.has(name)
      ? new Uint32Array(count)
      : Float32Array.from({ length: count }, () => Math.random() * 2 - 1);
    program.write(program.find(name), values);
  }
  return { program, flops: program.linear.ops.reduce((sum, op) => sum + (op.node.flops ?? 0), 0) };
}

type Named = { [name: string]: Tensor };
const named = (tensors: Named, name: string): Tensor => tensors[name] as Tensor;

export const ownMatmul = (opened: Opened, form: 'nt' | 'nn' | 'tn', n: number): Promise<OwnKernel> =>
  kernelOf(opened, { a: [n, n], b: [n, n], c: [n, n] }, (trace, t) =>
    matmul(trace, { form, rows: plainRows(n), a: named(t, 'a'), b: named(t, 'b'), out: named(t, 'c'), n, k: n }),
  );

/** Softmax with its loss and gradient, in place: what the runner has of it. */
export const ownSoftmax = (opened: Opened, rows: number, columns: number): Promise<OwnKernel> =>
  kernelOf(opened, { logits: [rows, columns], targets: [rows], losses: [rows] }, (trace, t) =>
    emit(trace, {
      op: 'cross_entropy',
      label: 'softmax',
      rows: plainRows(rows),
      reads: [named(t, 'logits'), named(t, 'targets')],
      writes: [named(t, 'logits'), named(t, 'losses')],
      attrs: { columns },
    }),
  );

export const ownRmsnorm = (opened: Opened, rows: number, columns: number): Promise<OwnKernel> =>
  kernelOf(opened, { x: [rows, columns], gain: [columns], out: [rows, columns] }, (trace, t) =>
    emit(trace, {
      op: 'rmsnorm',
      label: 'rmsnorm',
      rows: plainRows(rows),
      reads: [named(t, 'x'), named(t, 'gain')],
      writes: [named(t, 'out')],
      attrs: { columns },
    }),
  );

/** Attention of one sample; the gradients come from a kept output, as in a step. */
export function ownAttention(
  opened: Opened,
  heads: number,
  sequence: number,
  dim: number,
  backward: boolean,
): Promise<OwnKernel> {
  const whole = [sequence, heads * dim];
  const rows = plainRows(sequence);
  const attrs = { heads, kvHeads: heads, dim };
  const inputs: Inputs = { q: whole, k: whole, v: whole, o: whole, lse: [sequence, heads] };
  if (backward) Object.assign(inputs, { up: whole, dk: whole, dv: whole });
  return kernelOf(opened, inputs, (trace, t) => {
    const [q, k, v, o, lse] = ['q', 'k', 'v', 'o', 'lse'].map((name) => named(t, name)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const flops = 2 * sequence * sequence * heads * dim;
    // What a peer's gradient runs as well: the forward, then its gradients.
    emit(trace, { op: 'attention', label: 'attention', rows, reads: [q, k, v], writes: [o, lse], flops, attrs });
    if (!backward) return;
    const up = named(t, 'up');
    const delta = make(trace, 'delta', [sequence, heads], 'temporary');
    const dq = make(trace, 'dq', whole, 'activations');
    trace.op({ op: 'copy', label: 'attention', reads: [q], writes: [dq] });
    emit(trace, { op: 'attention_delta', label: 'attention', rows, reads: [o, up], writes: [delta], attrs: { heads, dim } });
    const reads = [dq, k, v, up, lse, delta];
    const shared = { label: 'attention', rows, reads, attrs: { ...attrs, accumulate: false } };
    emit(trace, { ...shared, op: 'attention_backward_kv', writes: [named(t, 'dk'), named(t, 'dv')], flops: 2 * flops });
    emit(trace, { ...shared, op: 'attention_backward_q', writes: [dq], flops: 1.5 * flops });
    trace.release(delta, dq);
  });
}
