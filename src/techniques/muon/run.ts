import workgroup from '../../runner/kernels/workgroup.wgsl';
import { type Binders, bool, f, grid, kernel, u } from '../../runner/ops/bind';
import sgd from '../sgd/kernels/sgd.wgsl';
import momentum from './kernels/momentum.wgsl';
import polynomial from './kernels/polynomial.wgsl';
import scale from './kernels/scale.wgsl';
import { MUON } from './webgpu';

export const muonBinders: Binders = {
  muon_momentum: (bound) => {
    const [count, rows] = [bound.elements(bound.read(0)), bound.elements(bound.write(2))];
    return [
      kernel('muon_momentum', momentum, {
        bindings: [
          [bound.read(0), count],
          [bound.read(1), count],
          [bound.write(2), rows],
        ],
        params: [u(count / rows), f(MUON.beta), f(1 - MUON.beta)],
        groups: [rows, 1, 1],
        constants: workgroup,
      }),
    ];
  },
  muon_scale: (bound) => {
    const [x, squares] = [bound.read(0), bound.read(1)];
    const rows = bound.elements(squares);
    const count = bound.elements(x);
    return [
      kernel('muon_scale', scale, {
        bindings: [
          [x, count],
          [squares, rows],
          [bound.write(1), count],
        ],
        params: [u(rows), u(count / rows), bool(bound.flag('first')), f(MUON.a)],
        groups: [rows, 1, 1],
        constants: workgroup,
      }),
    ];
  },
  muon_polynomial: (bound) => {
    const side = bound.number('side');
    return [
      kernel('muon_polynomial', polynomial, {
        bindings: [
          [bound.read(0), side * side],
          [bound.write(0), side * side],
        ],
        params: [u(side), f(MUON.b), f(MUON.c)],
        groups: grid(side * side),
      }),
    ];
  },
  muon_apply: (bound) => {
    const count = bound.elements(bound.read(0));
    const scale = bound.number('scale');
    return [
      kernel('sgd', sgd, {
        bindings: [0, 1].map((operand) => [bound.read(operand), count]),
        params: [u(count), f((state) => state.learningRate * scale)],
        groups: grid(count),
      }),
    ];
  },
};
