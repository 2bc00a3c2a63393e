import type { Weight } from '../../plan/weights';
import type { Tensor } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { UnpackRule } from '../../tape/webgpu/rules';

/** Matrices of the layers are stored in NF4; a float32 matrix is made at each use. */
export const nf4Unpack: UnpackRule = {
  applies: (weight: Weight) => weight.role === 'linear',
  emit: (trace, weight, parts) => {
    const matrix = make(trace, 'matrix', weight.shape, 'temporary');
    trace.op({ op: 'nf4_unpack', label: weight.name, reads: parts as Tensor[], writes: [matrix] });
    return matrix;
  },
};
