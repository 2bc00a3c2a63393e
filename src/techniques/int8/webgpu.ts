import type { Tensor, Trace } from '../../tape/trace';
import { make } from '../../tape/webgpu/ops';
import type { KeptRule } from '../../tape/webgpu/rules';

export type Rounding = 'stochastic' | 'nearest';

/** Integer codes of `bits` bits and, for each group, a bfloat16 minimum and step. */
export function integerKept(bits: 8 | 4 | 2, group: number, rounding: Rounding = 'stochastic'): KeptRule {
  const lanes = 32 / bits;
  return {
    pack: (trace: Trace, tensor: Tensor, site: number) => {
      const count = tensor.shape.reduce((product, size) => product * size, 1);
      const words = Math.ceil(count / lanes);
      const codes = make(trace, `${tensor.name}.codes`, [words], 'activations', 'int32');
      const scales = make(trace, `${tensor.name}.scales`, [Math.ceil(count / group), 2], 'activations', 'bf16');
      trace.op({
        op: 'quantize',
        label: tensor.name,
        reads: [tensor],
        writes: [codes, scales],
        attrs: { bits, group, site, rounding },
      });
      return [codes, scales];
    },
    unpack: (trace, [codes, scales], shape) => {
      const restored = make(trace, 'restored', shape, 'activations');
      trace.op({
        op: 'dequantize',
        label: 'restore',
        reads: [codes as Tensor, scales as Tensor],
        writes: [restored],
        attrs: { bits, group },
      });
      return restored;
    },
  };
}
