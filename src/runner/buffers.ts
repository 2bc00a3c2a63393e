/** The buffers of a prepared step: arenas, of which its tensors are ranges, its parameters, and what the host reads through. */
import type { Linear, Storage } from '../tape/linear';
import { type Placement, place } from '../tape/place';
import { RunnerError } from './errors';

/** Bytes of one dispatch's parameters at most, and the alignment of a dynamic uniform offset. */
export const PARAMETERS = 128;
export const PARAMETER_STRIDE = 256;

/** Where tensors lie, in arenas of `segment` bytes each. */
export interface Places extends Placement {
  segment: number;
}

/** Errors: `limits` where a tensor is larger than one binding may be, `out-of-memory` where the arenas would be larger than `most`. */
export function placesOf(linear: Linear, { limits }: GPUDevice, most = Number.POSITIVE_INFINITY): Places {
  const largest = linear.storages.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  if (largest.bytes > limits.maxStorageBufferBindingSize)
    throw new RunnerError(
      'limits',
      `${largest.name} takes ${largest.bytes} bytes; this adapter binds ${limits.maxStorageBufferBindingSize} at most. Make the run block smaller.`,
    );
  const segment = Math.floor(Math.min(limits.maxBufferSize, 2 ** 32) / PARAMETER_STRIDE) * PARAMETER_STRIDE;
  const { offsets, extent } = place(linear, segment);
  if (extent > most) throw new RunnerError('out-of-memory', `The step's arena needs ${extent} bytes and was given ${most}.`);
  return { offsets, extent, segment };
}

/** A storage's bytes in its arena. */
export interface Range {
  buffer: GPUBuffer;
  offset: number;
  size: number;
}

export interface Buffers {
  uniforms: GPUBuffer;
  /** Null where nothing is read after each step. */
  reader: GPUBuffer | null;
  rangeOf(storage: number): Range;
  destroy(): void;
}

/** Errors: `out-of-memory` where the device has not so many bytes. */
export async function createBuffers(
  device: GPUDevice,
  { storages }: Linear,
  { offsets, extent, segment }: Places,
  sizes: { uniforms: number; reader: number },
): Promise<Buffers> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const arenas: GPUBuffer[] = [];
  for (let start = 0; start < extent; start += segment)
    arenas.push(
      device.createBuffer({
        size: Math.min(segment, extent - start),
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      }),
    );
  const uniforms = device.createBuffer({ size: sizes.uniforms, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  const reader = sizes.reader > 0 ? readBuffer(device, sizes.reader) : null;
  const destroy = () => {
    for (const buffer of [...arenas, uniforms, ...(reader ? [reader] : [])]) buffer.destroy();
    // Dawn gives memory back with the next submit that completes.
    device.queue.submit([]);
  };
  const refused = [await device.popErrorScope(), await device.popErrorScope()].find(Boolean);
  if (refused) {
    destroy();
    throw new RunnerError(
      'out-of-memory',
      `The adapter could not give ${extent} bytes for this run's arena: ${refused.message.split('\n')[0]}`,
    );
  }
  return {
    uniforms,
    reader,
    rangeOf: (storage) => {
      const offset = offsets[storage] as number;
      return {
        buffer: arenas[Math.floor(offset / segment)] as GPUBuffer,
        offset: offset % segment,
        size: (storages[storage] as Storage).bytes,
      };
    },
    destroy,
  };
}

/** A buffer that the host reads. */
export const readBuffer = (device: GPUDevice, size: number): GPUBuffer =>
  device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
