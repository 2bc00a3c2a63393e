/** Counts the bytes of GPU buffers as they are created and destroyed. Knows nothing of tapes or plans. */
export interface BufferCounter {
  live(): number;
  peak(): number;
  /** Starts the peak again from what is live now. */
  reset(): void;
}

/** Wraps a device's `createBuffer` and each buffer's `destroy`. A buffer counts its size in whole words of four bytes. */
export function countBuffers(device: GPUDevice): BufferCounter {
  let live = 0;
  let peak = 0;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const bytes = descriptor.size;
    live += bytes;
    peak = Math.max(peak, live);
    const destroy = buffer.destroy.bind(buffer);
    let destroyed = false;
    buffer.destroy = () => {
      if (!destroyed) live -= bytes;
      destroyed = true;
      return destroy();
    };
    return buffer;
  };
  return {
    live: () => live,
    peak: () => peak,
    reset: () => {
      peak = live;
    },
  };
}
