/**
 * Walks a tape once and says when the most bytes are live. A repeat is walked once too: its iterations differ only by what those
 * before them left behind, so its highest moment lies in its first or its last iteration, at the same op in both.
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
  /** The highest live bytes while each watched op runs. */
  watched: ReadonlyMap<OpNode, number>;
}

/** Live bytes by category in the order of `CATEGORIES`, and their sum. */
interface Live {
  bytes: number[];
  total: number;
}

/** The highest live bytes of a phase or of an op, and where they were first seen. */
interface High extends Live {
  layer: number | undefined;
  op: string;
}

/** A body, counted from where it begins: what is live at its end, and its highs. `entry`: the phase that it begins in. */
interface Walk extends Live {
  phase: Phase | 'entry';
  highs: Map<Phase | 'entry' | OpNode, High>;
  /** Live bytes before the first phase, where one begins here. */
  before: number[] | undefined;
}

/** Index into `CATEGORIES` of each tensor of a tape. */
export const tensorCategories = (tape: Tape): number[] => tape.tensors.map((tensor) => CATEGORY_INDEX[tensor.category]);
const CATEGORY_INDEX = Object.fromEntries(CATEGORIES.map((category, index) => [category, index])) as Record<Category, number>;

/** What was seen of bodies of repeats, by identity: tapes that share layers share what is seen of them. */
export type Walked = Map<readonly TapeNode[], Walk>;

/** `watch` picks ops whose own live bytes are wanted, the same ones for all tapes that share `known`. */
export function simulate(tape: Tape, watch?: (node: OpNode) => boolean, known?: Walked): Simulation {
  const { tensors } = tape;
  const category = tensorCategories(tape);

  const add = (walk: Walk, ids: readonly number[], sign: 1 | -1): void => {
    for (const id of ids) {
      const index = category[id] as number;
      const bytes = sign * (tensors[id]?.bytes ?? 0);
      walk.bytes[index] = (walk.bytes[index] as number) + bytes;
      walk.total += bytes;
    }
  };
  const note = (walk: Walk, of: Phase | 'entry' | OpNode, op: string): High => {
    const high = walk.highs.get(of);
    if (high && walk.total <= high.total) return high;
    const higher = { bytes: walk.bytes.slice(), total: walk.total, layer: undefined, op };
    walk.highs.set(of, higher);
    return higher;
  };
  /** Goes on with one more iteration of a body. */
  const pass = (walk: Walk, inner: Walk, layer: number | undefined): void => {
    for (const [key, high] of inner.highs) {
      const of = key === 'entry' ? walk.phase : key;
      const before = walk.highs.get(of);
      const total = walk.total + high.total;
      if (!before || total > before.total)
        walk.highs.set(of, { bytes: sum(walk.bytes, high.bytes), total, layer: high.layer ?? layer, op: high.op });
    }
    if (inner.before) walk.before ??= sum(walk.bytes, inner.before);
    if (inner.phase !== 'entry') walk.phase = inner.phase;
    skip(walk, inner, 1);
  };
  const repeat = (walk: Walk, { axis, count, from, stride, reverse, body }: RepeatNode): void => {
    const inner = known?.get(body) ?? walked(body);
    known?.set(body, inner);
    const layer = (iteration: number): number | undefined =>
      axis === 'layer' ? from + stride * (reverse ? count - 1 - iteration : iteration) : undefined;
    pass(walk, inner, layer(0));
    if (count < 2) return;
    skip(walk, inner, count - 2);
    pass(walk, inner, layer(count - 1));
  };
  const walked = (body: readonly TapeNode[]): Walk => {
    const walk: Walk = { bytes: CATEGORIES.map(() => 0), total: 0, phase: 'entry', highs: new Map(), before: undefined };
    /** Of the phase that is walked, since it began or since the last repeat. */
    let high: High | undefined;
    for (const node of body) {
      if (node.kind === 'op') {
        add(walk, node.allocs, 1);
        if (!high || walk.total > high.total) high = note(walk, walk.phase, node.label || node.op);
        if (watch?.(node)) note(walk, node, node.op);
        add(walk, node.frees, -1);
        continue;
      }
      high = undefined;
      if (node.kind === 'repeat') repeat(walk, node);
      else {
        walk.before ??= walk.bytes.slice();
        walk.phase = node.phase;
        note(walk, node.phase, 'start');
      }
    }
    return walk;
  };
  const { highs, before } = walked(tape.body);

  const phases = [...highs].flatMap(([phase, { layer, op, ...live }]) =>
    typeof phase === 'object' || phase === 'entry'
      ? []
      : [{ phase, ...live, at: layer === undefined ? { phase, op } : { phase, layer, op } }],
  );
  const [first, ...others] = phases;
  if (!first) throw new Error('tape: a step has no phases');
  const high = others.reduce((best, one) => (one.total > best.total ? one : best), first);
  return {
    peak: high.total,
    at: high.at,
    categories: named(high.bytes),
    instants: PHASES.flatMap((phase) => {
      const found = phases.find((one) => one.phase === phase);
      return found ? [{ phase, allocated: found.total, at: found.at }] : [];
    }),
    persistent: named(before ?? []),
    watched: new Map([...highs].flatMap(([node, { total }]) => (typeof node === 'object' ? [[node, total] as const] : []))),
  };
}

/** Goes past `times` more iterations. */
function skip(walk: Walk, { bytes, total }: Walk, times: number): void {
  walk.total += times * total;
  for (let index = 0; index < bytes.length; index++)
    walk.bytes[index] = (walk.bytes[index] as number) + times * (bytes[index] as number);
}

const sum = (a: readonly number[], b: readonly number[]): number[] => a.map((bytes, index) => bytes + (b[index] as number));

const named = (live: readonly number[]): Bytes =>
  Object.fromEntries(CATEGORIES.map((category, index) => [category, live[index] ?? 0])) as Bytes;
