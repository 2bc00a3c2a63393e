/**
 * Runs an allocator over a tape's own events: the weights are loaded, a first step creates the optimizer's states at
 * its end, as frameworks do, and the steps after it run among the blocks that the first one left behind.
 */
import type { RepeatNode, Tape, TapeNode } from '../types';
import type { Block } from './blocks';
import { type AllocatorOptions, CachingAllocator } from './caching';

/** Steps after which an arrangement that still grows is taken as it is. */
const STEPS = 3;

/**
 * The allocator after the first steps: `peakReserved` is the most bytes that it held. `tapes` are the steps in order, of
 * one plan at different lengths, of which the first `together` are micro-batches of the first step; the last one is repeated
 * until nothing grows. `workspace` is the library's block beside the tapes' tensors, in bytes. Throws `OutOfMemory`.
 */
export function replay(
  tapes: readonly [Tape, ...Tape[]],
  options: AllocatorOptions,
  workspace = 0,
  together = 1,
): CachingAllocator {
  const allocator = new CachingAllocator(options);
  /** Blocks by tensor, or by tensor and layer. */
  const live = new Map<number, Block | Block[]>();
  let [tape] = tapes;
  const width = Math.max(...tapes.map(({ tensors }) => tensors.length));
  let layer: number | undefined;
  /** States of the optimizer, which its first step makes: keys and tensors. Null once they exist. */
  let states: [number, number][] | null = [];

  const keyOf = (id: number): number => (layer !== undefined && tape.tensors[id]?.perLayer ? id + (layer + 1) * width : id);
  const allocate = (key: number, id: number): void => {
    const tensor = tape.tensors[id];
    if (!tensor?.bytes) return;
    const { bytes, pieces, stream } = tensor;
    const block = (size: number): Block => allocator.allocate(size, stream);
    live.set(key, pieces === undefined ? block(bytes) : Array.from({ length: pieces }, () => block(bytes / pieces)));
  };
  const free = (key: number): void => {
    const found = live.get(key);
    if (!found) return;
    live.delete(key);
    if (Array.isArray(found)) for (const block of found) allocator.free(block);
    else allocator.free(found);
  };
  const move = (from: number, to: number): void => {
    const blocks = live.get(from);
    if (!blocks || from === to) return;
    live.delete(from);
    live.set(to, blocks);
  };

  const run = (body: readonly TapeNode[], setup = false): void => {
    for (const node of body) {
      if (node.kind === 'op') {
        for (const id of node.allocs) {
          if (setup && tape.tensors[id]?.category === 'optimizer') states?.push([keyOf(id), id]);
          else allocate(keyOf(id), id);
        }
        for (const id of node.frees) free(keyOf(id));
      } else if (node.kind === 'repeat') repeat(node, setup);
      else if (node.phase === 'optimizer' && states) {
        for (const [key, id] of states) allocate(key, id);
        states = null;
      }
    }
  };

  const repeat = (node: RepeatNode, setup: boolean): void => {
    const outer = layer;
    let carried = node.carry.map((entry) => keyOf(entry.initial));
    for (let iteration = 0; iteration < node.count; iteration++) {
      if (node.axis === 'layer') layer = node.from + node.stride * (node.reverse ? node.count - 1 - iteration : iteration);
      node.carry.forEach((entry, at) => {
        move(carried[at] as number, keyOf(entry.in));
      });
      const before = allocator.fingerprint;
      run(node.body, setup);
      carried = node.carry.map((entry) => (entry.out === undefined ? -1 : keyOf(entry.out)));
      // Where a chunk leaves every block as it found it, the chunks after it do the same.
      if (node.axis !== 'layer' && allocator.fingerprint === before) break;
    }
    layer = outer;
    node.carry.forEach((entry, at) => {
      if (entry.result !== undefined) move(carried[at] as number, keyOf(entry.result));
    });
  };

  const start = (of: Tape): number => of.body.findIndex((node) => node.kind === 'phase');
  run(tape.body.slice(0, start(tape)), true);
  if (workspace > 0) allocator.allocate(workspace);
  // What lives from step to step was declared first, and tapes that differ in lengths alone number everything alike.
  const first = tapes.slice(0, alike(tapes) ? together : 1);
  for (const [index, next] of tapes.entries()) {
    tape = next;
    const body = tape.body.slice(start(tape));
    const update = body.findIndex((node) => node.kind === 'phase' && node.phase === 'optimizer');
    const microBatches = index > 0 && index < first.length ? body.filter(isMicro).flatMap((node) => node.body) : null;
    if (index >= first.length || first.length === 1) run(body);
    else run([...(microBatches ?? body.slice(0, update)), ...(index === first.length - 1 ? body.slice(update) : [])]);
  }
  for (let index = 1; index < STEPS; index++) {
    const reserved = allocator.peakReserved;
    run(tape.body.slice(start(tape)));
    if (allocator.peakReserved === reserved) break;
  }
  return allocator;
}

const isMicro = (node: TapeNode): node is RepeatNode => node.kind === 'repeat' && node.axis === 'micro';

/** Whether tapes have several micro-batches and number their tensors alike. */
const alike = (tapes: readonly Tape[]): boolean =>
  tapes.every(({ tensors, body }) => tensors.length === tapes[0]?.tensors.length && body.some(isMicro));
