/**
 * A pipeline's stage runs one micro-batch while others that it has been through wait for their backward. What waits is the
 * same for each: what the tape itself keeps between its forward and its backward. So a tape of one micro-batch at a time
 * becomes a stage's by laying those tensors beside it.
 */
import type { Stage } from './cards';
import type { OpNode, Tape, TapeNode, TensorDecl } from './types';

/** Weights that stay gathered are one for all micro-batches. */
export const UNSHARDED = 'unsharded';

export function withWaiting(tape: Tape, waiting: Stage['waiting'], layers: number): Tape {
  if (waiting.microBatches <= 0 && waiting.layers <= 0) return tape;
  const start = tape.body.findIndex((node) => node.kind === 'phase');
  const turn = tape.body.findIndex((node) => node.kind === 'phase' && node.phase === 'backward');
  const end = tape.body.findIndex((node) => node.kind === 'phase' && node.phase === 'optimizer');
  if (turn < 0 || end < 0) return tape;
  const tensors = [...tape.tensors];
  const beside: number[] = [];
  for (const [id, { inside, outside }] of keptBy(tape.body.slice(start, turn))) {
    const tensor = tape.tensors[id] as TensorDecl;
    const copies = Math.round((inside * waiting.layers) / layers) + outside * waiting.microBatches;
    if (copies <= 0 || tensor.bytes === 0 || tensor.name.endsWith(UNSHARDED)) continue;
    beside.push(tensors.length);
    tensors.push({
      ...tensor,
      id: tensors.length,
      name: `${tensor.name} (waiting)`,
      shape: [copies, ...tensor.shape],
      bytes: copies * tensor.bytes,
      perLayer: false,
      pieces: copies * (tensor.pieces ?? 1),
    });
  }
  const op = (label: string, allocs: number[], frees: number[]): OpNode => ({
    ...{ kind: 'op', op: 'micro-batches', label, reads: [], writes: allocs, allocs, frees, flops: 0, moved: 0 },
  });
  const body: TapeNode[] = [
    ...tape.body.slice(0, start + 1),
    op('in flight', beside, []),
    ...tape.body.slice(start + 1, end),
    op('drained', [], beside),
    ...tape.body.slice(end),
  ];
  return { tensors, body };
}

interface Count {
  /** Instances made inside repeats over layers, and outside of them. */
  inside: number;
  outside: number;
}

/** How many instances of each tensor a stretch of a tape leaves alive. Storage that is carried through a repeat counts once. */
function keptBy(body: readonly TapeNode[]): Map<number, Count> {
  const same = new Map<number, number>();
  const first = (id: number): number => {
    let at = id;
    for (let next = same.get(at); next !== undefined; next = same.get(at)) at = next;
    return at;
  };
  const counts = new Map<number, Count>();
  const add = (id: number, times: number, inLayers: boolean): void => {
    const at = first(id);
    const count = counts.get(at) ?? { inside: 0, outside: 0 };
    if (inLayers) count.inside += times;
    else count.outside += times;
    counts.set(at, count);
  };
  const walk = (nodes: readonly TapeNode[], times: number, inLayers: boolean): void => {
    for (const node of nodes) {
      if (node.kind === 'op') {
        for (const id of node.allocs) add(id, times, inLayers);
        for (const id of node.frees) add(id, -times, inLayers);
      } else if (node.kind === 'repeat') {
        for (const { initial, in: entry, out, result } of node.carry) {
          for (const id of [entry, out, result])
            if (id !== undefined && first(id) !== first(initial)) same.set(first(id), first(initial));
        }
        walk(node.body, times * node.count, inLayers || node.axis === 'layer');
      }
    }
  };
  walk(body, 1, false);
  return counts;
}
