/** Points of a step as columns: a tenth of the size, and nothing to look up by name while drawing. */
import type { Timeline, TimelinePoint } from '../protocol';

const PHASES = { forward: 0, backward: 1, optimizer: 2 };
const CATEGORIES = 6;

export function packTimeline(points: readonly TimelinePoint[]): Timeline {
  const names = new Map<string, number>();
  const packed: Timeline = {
    ops: [],
    op: new Uint32Array(points.length),
    layer: new Int32Array(points.length).fill(-1),
    phase: new Uint8Array(points.length),
    bytes: new Float64Array(points.length * CATEGORIES),
  };
  points.forEach(({ op, layer, phase, bytes }, index) => {
    let name = names.get(op);
    if (name === undefined) {
      name = names.size;
      names.set(op, name);
      packed.ops.push(op);
    }
    packed.op[index] = name;
    if (layer !== undefined) packed.layer[index] = layer;
    packed.phase[index] = PHASES[phase];
    packed.bytes.set(bytes.slice(0, CATEGORIES), index * CATEGORIES);
  });
  return packed;
}
