import type { Packing, Tensor, Trace } from '../../tape/trace';
import { compressible } from '../int8/memory';

/** Queries, keys, values and what attention makes of them are laid out by heads: [batch, heads, tokens, width]. */
const ofHeads = (tensor: Tensor): boolean => tensor.shape.length > 3;

/**
 * Codes of one byte, and a bfloat16 scale for each group of features (NVlabs/COAT, models/coat_llama.py); with range expansion the
 * three float32 numbers that its optimizer keeps for each group.
 */
export function packFloat8(trace: Trace, tensor: Tensor, group: number, expand = false): Packing | null {
  if (!compressible(tensor) || ofHeads(tensor)) return null;
  const width = tensor.shape.at(-1) ?? 1;
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const codes = trace.tensor('codes', [count], 'fp8', 'activations');
  const groups = [count / width, Math.ceil(width / group)];
  const scales = expand
    ? trace.tensor('scales', [...groups, 3], 'fp32', 'activations')
    : trace.tensor('scales', groups, 'bf16', 'activations');
  trace.op({ op: 'quantize', label: tensor.name, reads: [tensor], writes: [codes, scales] });
  return {
    codes: [codes, scales],
    unpack: (restored) => trace.op({ op: 'dequantize', label: tensor.name, reads: [codes, scales], writes: [restored] }),
  };
}
