import copyRange from '../kernels/copy_range.wgsl';
import { type Binders, type Bound, grid, kernel, u } from './bind';

function copied(bound: Bound, count: number, from: number, to: number) {
  return [
    kernel('copy_range', copyRange, {
      bindings: [
        [bound.read(0), from + count],
        [bound.write(0), to + count],
      ],
      params: [u(count), u(from), u(to)],
      groups: grid(count),
    }),
  ];
}

/** What a micro-batch takes of the step's inputs, and where its losses go. */
export const microBinders: Binders = {
  micro_take: (bound) => {
    const count = bound.elements(bound.write(0));
    return copied(bound, count, (bound.op.micro ?? 0) * count, 0);
  },
  micro_put: (bound) => {
    const count = bound.elements(bound.read(0));
    return copied(bound, count, 0, (bound.op.micro ?? 0) * count);
  },
};
