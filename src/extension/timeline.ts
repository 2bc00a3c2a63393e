/** Moments of a step in typed columns: they pass to the page as they lie in memory. */
import type { LiveChanges, Timeline } from '../protocol';

export function packTimeline({ kinds, ops, op, layer, phase, changes, kind, bytes }: LiveChanges): Timeline {
  const starts = new Uint32Array(changes.length + 1);
  changes.forEach((count, point) => {
    starts[point + 1] = (starts[point] ?? 0) + count;
  });
  return {
    kinds,
    ops,
    op: Uint32Array.from(op),
    layer: Int32Array.from(layer),
    phase: Uint8Array.from(phase),
    starts,
    kind: Uint32Array.from(kind),
    bytes: Float64Array.from(bytes),
  };
}
