/** How two gradients of one tensor become one. */
import type { Tensor, Trace } from './trace';

/** In place where nobody else holds the sum, otherwise into a new tensor, as autograd's input buffers do. Takes over both references. */
export function addGradients(trace: Trace, sum: Tensor, extra: Tensor): Tensor {
  if (sum.refs === 1) {
    trace.op({ op: 'add_', label: 'gradient', reads: [sum, extra], writes: [sum] });
    trace.release(extra);
    return sum;
  }
  const total = trace.tensor('gradient', sum.shape, sum.dtype, sum.category, sum.bytes);
  trace.op({ op: 'add', label: 'gradient', reads: [sum, extra], writes: [total] });
  trace.release(sum, extra);
  return total;
}
