import { type Binders, type Bound, f, grid, kernel, u } from '../../runner/ops/bind';
import scale from './kernels/scale.wgsl';
import uncouple from './kernels/uncouple.wgsl';

const elementwise = (name: string, source: string, bound: Bound, storages: number[]) => {
  const count = bound.rows.count * bound.number('columns');
  return [
    kernel(name, source, {
      bindings: storages.map((storage) => [storage, count]),
      params: [u(count), f(bound.number('factor'))],
      groups: grid(count),
    }),
  ];
};

export const reversibleBinders: Binders = {
  scale: (bound) => elementwise('scale', scale, bound, [bound.read(0)]),
  uncouple: (bound) => elementwise('uncouple', uncouple, bound, [bound.read(0), bound.read(1)]),
};
