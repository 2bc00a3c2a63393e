import copyRange from '../kernels/copy_range.wgsl';
import { type Bound, type Dispatch, grid, kernel, u } from './bind';

/** `count` elements of the op's input, from element `from`, into its output from element `to`. */
export function copied(bound: Bound, count: number, from: number, to: number): Dispatch[] {
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
