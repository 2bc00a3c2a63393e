import { tensorCategories } from '../tape/simulate';
import type { RepeatNode, Tape, TapeNode } from '../tape/types';
import { unroll } from '../tape/unroll';
import { CATEGORIES, type LiveChanges, PHASES, type Phase, type TimelinePoint } from './types';

/** Live bytes by category after the allocations of every op of the step, repeats written out. */
export function timelineOf(tape: Tape): TimelinePoint[] {
  const category = tensorCategories(tape);
  const live = new Array<number>(CATEGORIES.length).fill(0);
  const points: TimelinePoint[] = [];
  const add = (ids: readonly number[], sign: 1 | -1) => {
    for (const id of ids) {
      const index = category[id] as number;
      live[index] = (live[index] as number) + sign * (tape.tensors[id]?.bytes ?? 0);
    }
  };
  unroll(tape, ({ node, phase, layer }) => {
    add(node.allocs, 1);
    if (phase !== 'setup')
      points.push({ phase, op: node.label || node.op, bytes: [...live], ...(layer === undefined ? {} : { layer }) });
    add(node.frees, -1);
  });
  return points;
}

/** The same by kind of tensor, as changes: what persists from step to step is the first point's. */
export function changesOf({ tensors, body }: Tape): LiveChanges {
  const made: LiveChanges = { kinds: [], ops: [], op: [], layer: [], phase: [], changes: [], kind: [], bytes: [] };
  const kinds = new Map<string, number>();
  const kindOf = tensors.map(({ category, name }) => numbered(kinds, `${category} ${name}`, made.kinds, { category, name }));
  const ops = new Map<string, number>();
  /** What changed since the last point, by kind. */
  const pending = new Map<number, number>();
  let phase: Phase | 'setup' = 'setup';
  let layer = -1;
  const add = (id: number, sign: 1 | -1) => {
    const kind = kindOf[id] as number;
    pending.set(kind, (pending.get(kind) ?? 0) + sign * (tensors[id]?.bytes ?? 0));
  };
  const point = (name: string) => {
    made.op.push(numbered(ops, name, made.ops, name));
    made.layer.push(layer);
    made.phase.push(PHASES.indexOf(phase as Phase));
    const before = made.kind.length;
    for (const [kind, bytes] of pending)
      if (bytes !== 0) {
        made.kind.push(kind);
        made.bytes.push(bytes);
      }
    made.changes.push(made.kind.length - before);
    pending.clear();
  };
  /** Storage that a carry hands from one name to another. */
  const hand = ({ carry }: RepeatNode, from: 'initial' | 'out' | 'in', to: 'in' | 'result') => {
    for (const entry of carry) {
      const [source, target] = [entry[from], entry[to]];
      if (entry.out === undefined && from !== 'initial') continue;
      if (source !== undefined) add(source, -1);
      if (target !== undefined) add(target, 1);
    }
  };
  const walk = (nodes: readonly TapeNode[]) => {
    for (const node of nodes) {
      if (node.kind === 'phase') phase = node.phase;
      else if (node.kind === 'op') {
        for (const id of node.allocs) add(id, 1);
        if (phase !== 'setup') point(node.label || node.op);
        for (const id of node.frees) add(id, -1);
      } else {
        const outer = layer;
        hand(node, 'initial', 'in');
        for (let iteration = 0; iteration < node.count; iteration++) {
          if (node.axis === 'layer') layer = node.from + node.stride * (node.reverse ? node.count - 1 - iteration : iteration);
          walk(node.body);
          hand(node, 'out', 'in');
        }
        hand(node, 'in', 'result');
        layer = outer;
      }
    }
  };
  walk(body);
  return made;
}

/** The number of `key`, under which `value` is put into `list` where it is new. */
function numbered<T>(known: Map<string, number>, key: string, list: T[], value: T): number {
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, list.length);
  return list.push(value) - 1;
}
