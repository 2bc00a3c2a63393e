import { type Binders, kernel, u } from '../../runner/ops/bind';
import similarity from './kernels/similarity.wgsl';

export const qGaloreBinders: Binders = {
  projector_similarity: (bound) => {
    const all = bound.elements(bound.read(0));
    const vectors = bound.number('vectors');
    const right = bound.text('side') === 'right';
    return [
      kernel('projector_similarity', similarity, {
        bindings: [
          [bound.read(0), all],
          [bound.read(1), all],
          [bound.write(0), 1],
        ],
        params: [u(all / vectors), u(right ? 1 : vectors)],
        groups: [1, 1, 1],
      }),
    ];
  },
};
