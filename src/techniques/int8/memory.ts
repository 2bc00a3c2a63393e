import type { Packing, Tensor, Trace } from '../../tape/trace';

/** Floating-point tensors of forward are compressed; statistics of rows, masks and labels are kept as they are. */
export const compressible = (tensor: Tensor): boolean =>
  !tensor.leaf &&
  !tensor.statistic &&
  tensor.category === 'activations' &&
  ['fp32', 'bf16', 'fp16'].includes(tensor.dtype) &&
  (tensor.shape.at(-1) ?? 1) > 1;

/**
 * Integer codes of `bits` and, for each group, a scale and a minimum in bfloat16 (ActNN, Chen et al., arXiv:2104.14129;
 * Mesa, Pan et al., arXiv:2111.11124). Decoded to full precision for the one op that reads it.
 */
export function packInteger(trace: Trace, tensor: Tensor, bits: 8 | 4 | 2, group: number): Packing | null {
  if (!compressible(tensor)) return null;
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const codes = trace.tensor('codes', [count], `int${bits}`, 'activations');
  const scales = trace.tensor('scales', [Math.ceil(count / group), 2], 'bf16', 'activations');
  trace.op({ op: 'quantize', label: tensor.name, reads: [tensor], writes: [codes, scales] });
  return {
    codes: [codes, scales],
    unpack: (restored) => trace.op({ op: 'dequantize', label: tensor.name, reads: [codes, scales], writes: [restored] }),
  };
}
