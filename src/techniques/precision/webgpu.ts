import { make } from '../../tape/webgpu/ops';
import type { KeptRule } from '../../tape/webgpu/rules';
import type { Half } from '../weights/halves';

/** What crosses from forward to backward in 16-bit floats, two to a word; every sum is made in float32. Core WGSL has the conversions. */
export const halfKept = (half: Half): KeptRule => ({
  pack: (trace, tensor) => {
    const kept = make(trace, `${tensor.name}.half`, tensor.shape, 'activations', half);
    trace.op({ op: 'halves_pack', label: tensor.name, reads: [tensor], writes: [kept], attrs: { half } });
    return [kept];
  },
  unpack: (trace, packed, shape) => {
    const restored = make(trace, 'restored', shape, 'activations');
    trace.op({ op: 'halves_unpack', label: 'restore', reads: packed.slice(0, 1), writes: [restored], attrs: { half } });
    return restored;
  },
});
