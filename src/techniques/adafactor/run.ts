import workgroup from '../../runner/kernels/workgroup.wgsl';
import { type Binders, type Bound, f, grid, kernel, type StepState, u } from '../../runner/ops/bind';
import apply from './kernels/apply.wgsl';
import columns from './kernels/columns.wgsl';
import direction from './kernels/direction.wgsl';
import factored from './kernels/factored.wgsl';
import momentum from './kernels/momentum.wgsl';
import rows from './kernels/rows.wgsl';
import { keptShare } from './webgpu';

const [VECTOR, PLAIN] = [
  'fn of_row(own: u32, lane: u32) -> f32 { return 1.0; }',
  'fn smoothed(i: u32, change: f32) -> f32 { return change; }',
];
const shares = () => {
  const keep = (state: StepState) => keptShare(state.index + 1);
  return [f(keep), f((state) => 1 - keep(state))];
};
/** Every operand that is read, whole. */
const whole = (bound: Bound, storages: readonly number[]): [number, number][] =>
  storages.map((storage) => [storage, bound.elements(storage)]);

export const adafactorBinders: Binders = {
  adafactor_rows: (bound) => {
    const [gradient, row] = [bound.read(0), bound.read(1)];
    const count = bound.elements(row);
    return [
      kernel('adafactor_rows', rows, {
        bindings: whole(bound, [gradient, row]),
        params: [u(bound.elements(gradient) / count), ...shares()],
        groups: [count, 1, 1],
        constants: workgroup,
      }),
    ];
  },
  adafactor_columns: (bound) => {
    const [gradient, column] = [bound.read(0), bound.read(1)];
    const count = bound.elements(column);
    return [
      kernel('adafactor_columns', columns, {
        bindings: whole(bound, [gradient, column]),
        params: [u(bound.elements(gradient) / count), u(count), ...shares()],
        groups: grid(count),
      }),
    ];
  },
  adafactor_direction: (bound) => {
    const [gradient, column, squares] = [bound.read(0), bound.read(1), bound.write(1)];
    const [count, row] = [bound.elements(squares), bound.op.reads.slice(2)];
    return [
      kernel('adafactor_direction', direction, {
        bindings: whole(bound, [gradient, column, squares, ...row]),
        params: [u(count), u(bound.elements(column))],
        groups: [count, 1, 1],
        constants: `${workgroup}\n${row.length > 0 ? factored : VECTOR}`,
      }),
    ];
  },
  adafactor_apply: (bound) => {
    const [direction, squares] = [bound.read(0), bound.read(2)];
    const count = bound.elements(squares);
    return [
      kernel('adafactor_apply', apply, {
        bindings: whole(bound, bound.op.reads),
        params: [u(count), u(bound.elements(direction) / count), f((state) => state.learningRate)],
        groups: [count, 1, 1],
        constants: `${workgroup}\n${bound.op.reads.length > 3 ? momentum : PLAIN}`,
      }),
    ];
  },
};
