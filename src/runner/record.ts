/** A prepared step, recorded op by op and submitted in stretches that no watchdog takes for a hang. */
import type { LinearOp } from '../tape/linear';
import type { Books } from './books';
import type { Clock } from './clock';
import type { Dispatch, StepState } from './ops/bind';
import type { Parametrised } from './parameters';
import type { Part } from './parts';
import { meter } from './submits';

/** A part, with the seconds that it takes at most. */
export interface Timed extends Part {
  seconds: number;
}

export interface Prepared extends Omit<Parametrised, 'parts'> {
  bindings: Dispatch['bindings'];
  pipeline: GPUComputePipeline;
  ranges: GPUBindGroup;
  /** With the offset of each one's parameters in the uniform buffer. */
  parts: (Timed & { at: number })[];
}

export interface Action {
  op: LinearOp;
  /** Runs in steps that this divides, or where it is the turn of a weight. */
  every: number;
  lazy: string | undefined;
  dispatches: Prepared[];
}

interface Recorded {
  books: Books;
  parameters: GPUBindGroup;
  /** Times each op in a pass of its own. */
  clock?: Clock | undefined;
  /** Waited for behind each action, which is submitted by itself then. */
  visit?: ((action: Action) => Promise<void>) | undefined;
}

/** Records the actions that are due in a step and submits them; binds and unbinds what each begins and ends in the books. */
export async function record(
  device: GPUDevice,
  actions: readonly Action[],
  state: StepState,
  { books, parameters, clock, visit }: Recorded,
): Promise<void> {
  const { next } = meter();
  let encoder = device.createCommandEncoder();
  let pass = encoder.beginComputePass();
  const begin = (op: LinearOp) => {
    pass = encoder.beginComputePass(clock?.pass(op));
  };
  const submit = () => {
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
  const submitAndBegin = (op: LinearOp) => {
    submit();
    encoder = device.createCommandEncoder();
    begin(op);
  };
  for (const action of actions) {
    // Ops that run only every so many steps make and end their workspace among themselves.
    if (!isDue(action, state)) continue;
    const { op, dispatches } = action;
    op.allocs.forEach(books.bind);
    if (clock && dispatches.length > 0) {
      pass.end();
      begin(op);
    }
    for (const { pipeline, ranges, parts } of dispatches)
      for (const { at, groups, seconds } of parts) {
        if (next(seconds)) submitAndBegin(op);
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, ranges);
        pass.setBindGroup(1, parameters, [at]);
        pass.dispatchWorkgroups(...groups);
      }
    if (visit) {
      submitAndBegin(op);
      await visit(action);
    }
    op.frees.forEach(books.unbind);
  }
  submit();
}

const isDue = ({ every, lazy }: Action, { index, due }: StepState): boolean =>
  lazy !== undefined && due ? due(lazy) : index % every === 0;
