import { type Binders, f, grid, kernel, u } from '../../runner/ops/bind';
import { stream } from '../../runner/ops/model';
import decay from './kernels/decay.wgsl';
import jacobi from './kernels/jacobi.wgsl';
import orthonormalize from './kernels/orthonormalize.wgsl';
import select from './kernels/select.wgsl';
import startFull from './kernels/start_full.wgsl';
import startRandom from './kernels/start_random.wgsl';

/** Set apart from the streams of dropout and rounding. */
const SUBSPACE_SITE = 7001;
const SIGNS =
  '@group(0) @binding(4) var<storage, read_write> signs: array<f32>;\nfn turn(place: u32) -> f32 { return signs[place]; }';
const PLAIN = 'fn turn(place: u32) -> f32 { return 1.0; }';

export const galoreBinders: Binders = {
  galore_start: (bound) => {
    const [small, large] = [bound.number('small'), bound.number('large')];
    return [
      kernel('galore_start', startFull, {
        bindings: [
          [bound.read(0), small * large],
          [bound.write(0), small * large],
          [bound.write(1), small * small],
        ],
        params: [u(small), u(large), u(bound.flag('transpose') ? 1 : 0)],
        groups: grid(small * Math.max(small, large)),
      }),
    ];
  },
  galore_random: (bound) => {
    const count = bound.elements(bound.write(0));
    return [
      kernel('galore_random', startRandom, {
        bindings: [[bound.write(0), count]],
        params: [u(count), u(stream(bound.op.layer ?? 0, SUBSPACE_SITE))],
        groups: grid(count),
      }),
    ];
  },
  galore_orthonormalize: (bound) => {
    const count = bound.number('count');
    const all = bound.elements(bound.read(0));
    return [
      kernel('galore_orthonormalize', orthonormalize, {
        bindings: [[bound.read(0), all]],
        params: [u(count), u(all / count)],
        groups: [1, 1, 1],
        rounds: 2 * (count + 1),
        flops: 6 * count * all,
      }),
    ];
  },
  galore_jacobi: (bound) => {
    const count = bound.number('count');
    const [work, basis] = [bound.elements(bound.read(0)), bound.elements(bound.read(1))];
    return [
      kernel('galore_jacobi', jacobi, {
        bindings: [
          [bound.read(0), work],
          [bound.read(1), basis],
        ],
        params: [u(count), u(work / count), u(basis / count)],
        groups: [1, 1, 1],
        rounds: count + (count % 2) - 1,
        flops: bound.op.node.flops,
      }),
    ];
  },
  galore_select: (bound) => {
    const [count, rank] = [bound.number('count'), bound.number('rank')];
    const [work, basis] = [bound.elements(bound.read(0)), bound.elements(bound.read(1))];
    const signed = bound.op.reads.length > 2;
    return [
      kernel('galore_select', select, {
        constants: signed ? SIGNS : PLAIN,
        bindings: [
          [bound.read(0), work],
          [bound.read(1), basis],
          [bound.temp(0), count],
          [bound.write(0), bound.elements(bound.write(0))],
          ...(signed ? [[bound.read(2), rank] as [number, number]] : []),
        ],
        params: [u(count), u(work / count), u(basis / count), u(rank), u(bound.flag('columns') ? 1 : 0)],
        groups: [1, 1, 1],
      }),
    ];
  },
  decay: (bound) => {
    const count = bound.elements(bound.read(0));
    return [
      kernel('decay', decay, {
        bindings: [[bound.read(0), count]],
        params: [u(count), f((state) => 1 - state.learningRate * bound.number('decay'))],
        groups: grid(count),
      }),
    ];
  },
};
