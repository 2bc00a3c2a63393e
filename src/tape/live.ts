/**
 * What is alive when a tape peaks: how many instances of each tensor. Walks as `simulate` does, first and last iteration
 * of every repeat, so that it costs no more than the simulation.
 */
import type { Phase } from '../planner/types';
import type { OpNode, RepeatNode, Tape, TapeNode } from './types';

export interface Live {
  /** Instances alive of each tensor, by id; the ones that are not 0. */
  counts: Map<number, number>;
  /** The op that made a tensor, by id. */
  makers: Map<number, OpNode>;
}

/** Thrown to stop the walk at the peak. */
const FOUND = Symbol('found');

/** `peak` is the highest live bytes that a simulation of the same tape found. */
export function liveAtPeak(tape: Tape, peak: number): Live {
  const counts = new Float64Array(tape.tensors.length);
  const bytes = tape.tensors.map((tensor) => tensor.bytes);
  const makers = new Map<number, OpNode>();
  let phase: Phase | 'setup' = 'setup';
  let total = 0;
  const add = (id: number | undefined, sign: number): void => {
    if (id === undefined) return;
    counts[id] = (counts[id] as number) + sign;
    total += sign * (bytes[id] as number);
  };
  const op = (node: OpNode): void => {
    for (const id of node.allocs) {
      add(id, 1);
      makers.set(id, node);
    }
    if (phase !== 'setup' && total === peak) throw FOUND;
    for (const id of node.frees) add(id, -1);
  };
  /** Storage that a carry hands from one name to another. */
  const hand = (node: RepeatNode, from: 'initial' | 'out' | 'in', to: 'in' | 'result'): void => {
    for (const entry of node.carry) {
      if (entry.out === undefined && from !== 'initial') continue;
      const maker = makers.get(entry[from] as number);
      const target = entry[to];
      if (maker && target !== undefined) makers.set(target, maker);
      add(entry[from], -1);
      add(target, 1);
    }
  };
  const repeat = (node: RepeatNode): void => {
    hand(node, 'initial', 'in');
    const before = counts.slice();
    const start = total;
    nodes(node.body);
    hand(node, 'out', 'in');
    if (node.count > 1) {
      const grown = total - start;
      for (let id = 0; id < counts.length; id++) {
        const first = before[id] as number;
        counts[id] = first + (node.count - 1) * ((counts[id] as number) - first);
      }
      total = start + (node.count - 1) * grown;
      nodes(node.body);
      hand(node, 'out', 'in');
    }
    hand(node, 'in', 'result');
  };
  const nodes = (body: readonly TapeNode[]): void => {
    for (const node of body) {
      if (node.kind === 'op') op(node);
      else if (node.kind === 'repeat') repeat(node);
      else phase = node.phase;
    }
  };
  try {
    nodes(tape.body);
    throw new Error('tape: its peak is not among its moments');
  } catch (found) {
    if (found !== FOUND) throw found;
  }
  const alive = new Map<number, number>();
  counts.forEach((count, id) => {
    if (count !== 0) alive.set(id, count);
  });
  return { counts: alive, makers };
}
