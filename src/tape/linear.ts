/** A tape written out for execution: every op with its storages, and how long each storage lives. */
import type { DType } from '../plan/types';
import type { Phase } from '../planner/types';
import type { OpNode, Tape } from './types';
import { unroll } from './unroll';

export interface LinearOp {
  node: OpNode;
  phase: Phase | 'setup';
  layer: number | undefined;
  /** Indices of the enclosing chunk repeats, the outermost first. */
  path: readonly number[];
  /** Index of the micro-batch, where there are several. */
  micro: number | undefined;
  reads: number[];
  writes: number[];
  /** Storages that end with the op without being read or written: workspaces. */
  temps: number[];
  allocs: number[];
  frees: number[];
}

export interface Storage {
  name: string;
  layer: number | undefined;
  shape: readonly number[];
  dtype: DType;
  bytes: number;
  /** Index of the op that it begins with, and of the op that it ends after (the number of ops where it never ends). */
  from: number;
  to: number;
  /** It begins before the first phase: it lives from step to step. */
  persistent: boolean;
}

/** A tensor's name among all of a tape; a layer's carries its number after an @: `attn.q.weight@0`. */
export const keyOf = (name: string, layer: number | undefined): string => (layer === undefined ? name : `${name}@${layer}`);

export interface Linear {
  ops: LinearOp[];
  storages: Storage[];
}

export function linearise(tape: Tape): Linear {
  const ops: LinearOp[] = [];
  const storages: Storage[] = [];
  unroll(tape, ({ node, phase, layer, path, micro, storage }) => {
    const ids = (list: readonly number[]) => list.map(storage);
    const named = new Set([...node.reads, ...node.writes]);
    const op: LinearOp = {
      node,
      phase,
      layer,
      path,
      micro,
      reads: ids(node.reads),
      writes: ids(node.writes),
      temps: ids([...new Set([...node.allocs, ...node.frees])].filter((id) => !named.has(id) && node.allocs.includes(id))),
      allocs: ids(node.allocs),
      frees: ids(node.frees),
    };
    op.allocs.forEach((at, index) => {
      const tensor = tape.tensors[node.allocs[index] as number];
      if (!tensor) return;
      storages[at] = {
        name: tensor.name,
        layer: tensor.perLayer ? layer : undefined,
        shape: tensor.shape,
        dtype: tensor.dtype,
        bytes: tensor.bytes,
        from: ops.length,
        to: Number.POSITIVE_INFINITY,
        persistent: phase === 'setup',
      };
    });
    for (const at of op.frees) {
      const freed = storages[at];
      if (freed) freed.to = ops.length;
    }
    ops.push(op);
  });
  for (const storage of storages) if (storage.to === Number.POSITIVE_INFINITY) storage.to = ops.length;
  return { ops, storages };
}
