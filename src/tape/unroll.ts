/** A tape with its repeats written out: what the runner executes, what allocators and the timeline are fed with. */
import type { Phase } from '../planner/types';
import type { OpNode, Tape, TapeNode } from './types';

export interface Step {
  node: OpNode;
  phase: Phase | 'setup';
  layer: number | undefined;
  /** Index of the innermost chunk repeat and its count, where there is one. */
  chunk: number | undefined;
  chunks: number | undefined;
  /** Indices of all enclosing chunk repeats, the outermost first. */
  path: readonly number[];
  /** Index of the micro-batch, where there are several. */
  micro: number | undefined;
  /** Storage of a tensor named by this op: equal numbers are the same memory, for the whole tape. */
  storage(id: number): number;
}

/** Calls `visit` for every op in order of execution. Storages are numbered from 0 in order of first appearance. */
export function unroll(tape: Tape, visit: (step: Step) => void): void {
  /** `id` or `id@layer` to storage. */
  const bound = new Map<string, number>();
  let storages = 0;
  let phase: Step['phase'] = 'setup';
  let layer: number | undefined;
  let chunk: number | undefined;
  let chunks: number | undefined;
  let path: readonly number[] = [];
  let micro: number | undefined;
  const key = (id: number): string => (layer !== undefined && tape.tensors[id]?.perLayer ? `${id}@${layer}` : `${id}`);
  const storage = (id: number): number => {
    const name = key(id);
    let found = bound.get(name);
    if (found === undefined) {
      found = storages++;
      bound.set(name, found);
    }
    return found;
  };
  const walk = (body: readonly TapeNode[]): void => {
    for (const node of body) {
      if (node.kind === 'phase') phase = node.phase;
      else if (node.kind === 'op') {
        // A tensor that begins here is a new storage, even where an earlier iteration used its name.
        for (const id of node.allocs) bound.set(key(id), storages++);
        visit({ node, phase, layer, chunk, chunks, path, micro, storage });
      } else {
        const outer = { layer, chunk, chunks, path, micro };
        let carried = node.carry.map((entry) => storage(entry.initial));
        for (let iteration = 0; iteration < node.count; iteration++) {
          const index = node.from + node.stride * (node.reverse ? node.count - 1 - iteration : iteration);
          if (node.axis === 'layer') layer = index;
          if (node.axis === 'micro') micro = index;
          if (node.axis === 'chunk') {
            chunk = index;
            chunks = node.from + node.count;
            path = [...outer.path, index];
          }
          node.carry.forEach((entry, at) => {
            bound.set(key(entry.in), carried[at] as number);
          });
          walk(node.body);
          carried = node.carry.map((entry) => (entry.out === undefined ? -1 : storage(entry.out)));
        }
        ({ layer, chunk, chunks, path, micro } = outer);
        node.carry.forEach((entry, at) => {
          if (entry.result !== undefined) bound.set(key(entry.result), carried[at] as number);
        });
      }
    }
  };
  walk(tape.body);
}
