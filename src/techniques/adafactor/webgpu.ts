/** Adafactor on the runner's engine, with a rate from outside; forms and constants as in transformers' optimization.py. */
import { make } from '../../tape/webgpu/ops';
import type { OptimizerRule } from '../../tape/webgpu/rules';
import { adafactorStates } from './memory';

/** Share of the squares that is kept in step t, from 1: nothing at first, ever more later. */
export const keptShare = (t: number): number => 1 - t ** -0.8;

export const adafactorRule = (momentum: boolean): OptimizerRule => ({
  states: adafactorStates(momentum),
  update: ({ trace, weight, parameter, gradient, states }) => {
    const factored = weight.shape.length > 1;
    const rows = factored ? states[0] : undefined;
    const columns = states[factored ? 1 : 0];
    const smooth = momentum ? states.at(-1) : undefined;
    if (!columns) throw new Error(`tape: ${weight.name} has no squares`);
    const label = weight.name;
    const some = <T>(tensor: T | undefined): T[] => (tensor === undefined ? [] : [tensor]);
    if (rows) trace.op({ op: 'adafactor_rows', label, reads: [gradient, rows], writes: [rows] });
    trace.op({ op: 'adafactor_columns', label, reads: [gradient, columns], writes: [columns] });
    const squares = make(trace, 'squares', rows?.shape ?? [1], 'temporary');
    trace.op({ op: 'adafactor_direction', label, reads: [gradient, columns, ...some(rows)], writes: [gradient, squares] });
    const moved = [parameter, ...some(smooth)];
    trace.op({ op: 'adafactor_apply', label, reads: [gradient, parameter, squares, ...some(smooth)], writes: moved });
    trace.release(squares);
  },
});
