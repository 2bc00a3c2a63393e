/**
 * Walks a tape once and says when the most bytes are live. A repeat is walked once too: its iterations differ only by
 * what each leaves behind, so its highest moment lies in its first or its last iteration.
 */
import { type Bytes, CATEGORIES, type Category, type Moment, PHASES, type Phase } from '../planner/types';
import type { OpNode, RepeatNode, Tape, TapeNode } from './types';

export interface Simulation {
  /** Highest live bytes of the step. */
  peak: number;
  at: Moment;
  /** Live bytes by category at the peak; they add up to it. */
  categories: Bytes;
  /** The highest live bytes of each phase. */
  instants: { phase: Phase; allocated: number; at: Moment }[];
  /** Live bytes by category before the first phase: what persists from step to step. */
  persistent: Bytes;
}

/** Live bytes by category, and where the highest total was seen. */
interface High {
  total: number;
  live: Float64Array;
  at: Moment;
}

const WIDTH = CATEGORIES.length;

/** Index into `CATEGORIES` of each tensor of a tape. */
export const tensorCategories = (tape: Tape): number[] => tape.tensors.map((tensor) => CATEGORY_INDEX[tensor.category]);
const CATEGORY_INDEX = Object.fromEntries(CATEGORIES.map((category, index) => [category, index])) as Record<Category, number>;

/** `seen` gets every op that is walked, with the live bytes while it runs. */
export function simulate(tape: Tape, seen?: (node: OpNode, live: number) => void): Simulation {
  const category = tensorCategories(tape);
  const walk = {
    live: new Float64Array(WIDTH),
    total: 0,
    phase: 'setup' as Phase | 'setup',
    layer: undefined as number | undefined,
  };
  const highs = new Map<Phase | 'setup', High>();
  let persistent: Float64Array | undefined;

  const note = (op: string): void => {
    const high = highs.get(walk.phase);
    if (high && walk.total <= high.total) return;
    const phase = walk.phase === 'setup' ? 'forward' : walk.phase;
    const at = walk.layer === undefined ? { phase, op } : { phase, layer: walk.layer, op };
    highs.set(walk.phase, { total: walk.total, live: walk.live.slice(), at });
  };
  const add = (ids: readonly number[], sign: 1 | -1): void => {
    for (const id of ids) {
      const index = category[id] as number;
      const bytes = sign * (tape.tensors[id]?.bytes ?? 0);
      walk.live[index] = (walk.live[index] as number) + bytes;
      walk.total += bytes;
    }
  };
  const op = (node: OpNode): void => {
    add(node.allocs, 1);
    note(node.label || node.op);
    seen?.(node, walk.total);
    add(node.frees, -1);
  };
  const repeat = (node: RepeatNode) => {
    const outerLayer = walk.layer;
    const label = (iteration: number) => {
      if (node.axis === 'layer') walk.layer = node.from + node.stride * (node.reverse ? node.count - 1 - iteration : iteration);
    };
    label(0);
    const before = walk.live.slice();
    nodes(node.body);
    const delta = walk.live.map((bytes, index) => bytes - (before[index] as number));
    if (node.count > 1) {
      // Iterations 1 … n-2 lie between the first and the last, so walking the last one is enough.
      walk.total = 0;
      for (let index = 0; index < WIDTH; index++) {
        walk.live[index] = (before[index] as number) + (node.count - 1) * (delta[index] as number);
        walk.total += walk.live[index] as number;
      }
      label(node.count - 1);
      nodes(node.body);
    }
    walk.layer = outerLayer;
  };
  const nodes = (body: readonly TapeNode[]) => {
    for (const node of body) {
      if (node.kind === 'op') op(node);
      else if (node.kind === 'repeat') repeat(node);
      else {
        persistent ??= walk.live.slice();
        walk.phase = node.phase;
        note('start');
      }
    }
  };
  nodes(tape.body);

  const instants = PHASES.flatMap((phase) => {
    const high = highs.get(phase);
    return high ? [{ phase, allocated: high.total, at: high.at }] : [];
  });
  const high = [...highs.entries()]
    .filter(([phase]) => phase !== 'setup')
    .map(([, value]) => value)
    .reduce<High | undefined>((best, value) => (!best || value.total > best.total ? value : best), undefined);
  if (!high) throw new Error('tape: a step has no phases');
  return {
    peak: high.total,
    at: high.at,
    categories: named(high.live),
    instants,
    persistent: named(persistent ?? new Float64Array(WIDTH)),
  };
}

const named = (live: Float64Array): Bytes =>
  Object.fromEntries(CATEGORIES.map((category, index) => [category, live[index] ?? 0])) as Bytes;
