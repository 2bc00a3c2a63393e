import type { Packing, Tensor, Trace } from '../../tape/trace';
import { compressible } from '../int8/memory';

/** Queries, keys, values and what attention makes of them are laid out by heads: [batch, heads, tokens, width]. */
const ofHeads = (tensor: Tensor): boolean => tensor.shape.length > 3;

/** Codes of one byte, and a bfloat16 scale for each group of features (NVlabs/COAT, models/coat_llama.py). */
export function packFloat8(trace: Trace, tensor: Tensor, group: number): Packing | null {
  if (!compressible(tensor) || ofHeads(tensor)) return null;
  const width = tensor.shape.at(-1) ?? 1;
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const codes = trace.tensor('codes', [count], 'fp8', 'activations');
  const scales = trace.tensor('scales', [count / width, Math.ceil(width / group)], 'bf16', 'activations');
  trace.op({ op: 'quantize', label: tensor.name, reads: [tensor], writes: [codes, scales] });
  return {
    codes: [codes, scales],
    unpack: (restored) => trace.op({ op: 'dequantize', label: tensor.name, reads: [codes, scales], writes: [restored] }),
  };
}
