import { type Binders, type Bound, f, grid, kernel, u } from '../../runner/ops/bind';
import grpo from '../grpo/kernels/grpo.wgsl';
import dpo from './kernels/dpo.wgsl';
import logProbability from './kernels/log_probability.wgsl';
import policyGradient from './kernels/policy_gradient.wgsl';

/** A kernel over rows of logits, with a number for each row. */
const rowsOfLogits = (name: string, source: string, bound: Bound, rows: number) => {
  const columns = bound.number('columns');
  const { count, row } = bound.rows;
  return [
    kernel(name, source, {
      bindings: [
        [bound.read(0), count * columns],
        [bound.read(1), row + count],
        [rows, row + count],
      ],
      params: [u(count), u(columns), u(row), f(bound.number('temperature'))],
      groups: grid(count),
    }),
  ];
};

export const preferenceBinders: Binders = {
  log_probability: (bound) => rowsOfLogits('log_probability', logProbability, bound, bound.write(0)),
  policy_gradient: (bound) => rowsOfLogits('policy_gradient', policyGradient, bound, bound.read(2)),
  dpo: (bound) => {
    const { count, positions, batch } = bound.rows;
    return [
      kernel('dpo', dpo, {
        bindings: [bound.read(0), bound.read(1), bound.read(2), bound.write(1)].map((storage) => [storage, count]),
        params: [u(positions), u(batch), u(bound.number('parts')), f(bound.number('beta')), f((state) => state.valid)],
        groups: [Math.ceil(batch / 128), 1, 1],
      }),
    ];
  },
  grpo: (bound) => {
    const { count } = bound.rows;
    const storages = [bound.read(0), bound.read(1), bound.read(2), bound.read(3), bound.write(1)];
    return [
      kernel('grpo', grpo, {
        bindings: storages.map((storage) => [storage, count]),
        params: [u(count), f(bound.number('distance')), f(bound.number('clip')), f((state) => 1 / state.valid)],
        groups: grid(count),
      }),
    ];
  },
};
