/** Times passes by the GPU's own clock: each pass writes a timestamp at its beginning and at its end. */
import type { LinearOp } from '../tape/linear';

/** Queries of one set at most, by WebGPU. */
const SET = 4096;

export interface Clock {
  /** How the next pass is begun, which works for this op. */
  pass(op: LinearOp): GPUComputePassDescriptor;
  /** Seconds of each op, over all its passes; null where the timestamps make no sense. To be read after all passes were submitted. */
  read(): Promise<Map<LinearOp, number> | null>;
  destroy(): void;
}

/** The device must have the feature `timestamp-query`. */
export function startClock(device: GPUDevice): Clock {
  const sets: GPUQuerySet[] = [];
  const ops: LinearOp[] = [];
  return {
    pass: (op) => {
      const at = 2 * ops.length;
      if (at % SET === 0) sets.push(device.createQuerySet({ type: 'timestamp', count: SET }));
      ops.push(op);
      return {
        timestampWrites: {
          querySet: sets[Math.floor(at / SET)] as GPUQuerySet,
          beginningOfPassWriteIndex: at % SET,
          endOfPassWriteIndex: (at % SET) + 1,
        },
      };
    },
    read: async () => {
      const bytes = sets.length * SET * 8;
      if (bytes === 0) return new Map();
      const resolved = device.createBuffer({ size: bytes, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
      const reader = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      try {
        const encoder = device.createCommandEncoder();
        sets.forEach((set, index) => {
          const count = Math.min(SET, 2 * ops.length - index * SET);
          encoder.resolveQuerySet(set, 0, count, resolved, index * SET * 8);
        });
        encoder.copyBufferToBuffer(resolved, 0, reader, 0, bytes);
        device.queue.submit([encoder.finish()]);
        await reader.mapAsync(GPUMapMode.READ);
        return secondsOf(ops, new BigUint64Array(reader.getMappedRange().slice(0)));
      } finally {
        resolved.destroy();
        reader.destroy();
      }
    },
    destroy: () => {
      for (const set of sets) set.destroy();
    },
  };
}

/**
 * Seconds by op, from pairs of nanoseconds. Drivers may reset their clock or write nothing: null where a pass ends before it began, or
 * none took any time.
 */
export function secondsOf(ops: readonly LinearOp[], stamps: BigUint64Array): Map<LinearOp, number> | null {
  const seconds = new Map<LinearOp, number>();
  let sum = 0;
  for (const [pass, op] of ops.entries()) {
    const [begin = 0n, end = 0n] = [stamps[2 * pass], stamps[2 * pass + 1]];
    if (end < begin) return null;
    const took = Number(end - begin) / 1e9;
    sum += took;
    seconds.set(op, (seconds.get(op) ?? 0) + took);
  }
  return sum > 0 ? seconds : null;
}
