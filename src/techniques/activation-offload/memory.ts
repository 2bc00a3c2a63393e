import type { Packing, Tensor, Trace } from '../../tape/trace';

/** A copy in the host's memory stands for the tensor until backward reads it (torch.autograd.graph.save_on_cpu). */
export function packToHost(trace: Trace, tensor: Tensor): Packing | null {
  if (tensor.leaf || tensor.category === 'weights' || tensor.bytes === 0) return null;
  const away = trace.tensor('host', tensor.shape, tensor.dtype, tensor.category, 0);
  away.host = { place: 'cpu', bytes: tensor.bytes };
  const traffic = { to: 'host', bytes: tensor.bytes, hidden: false } as const;
  trace.op({ op: 'to_host', label: tensor.name, reads: [tensor], writes: [away], moved: 0, traffic });
  return {
    codes: [away],
    unpack: (restored) => trace.op({ op: 'from_host', label: tensor.name, reads: [away], writes: [restored], moved: 0, traffic }),
  };
}
